import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text as readText } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ObjectStore } from '../../extensions/snapshots/index.ts'
import { increment, uniformBody } from './object-store-counter.ts'

export interface ObjectStoreUnderTest {
  readonly store: ObjectStore
  /** How another process opens the same store: a module that exports `open(options)`. */
  readonly remote: { readonly module: string; readonly options: unknown }
  close(): Promise<void>
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (body: Uint8Array | undefined): string | undefined => body && Buffer.from(body).toString()
const writerPath = fileURLToPath(new URL('./object-store-writer.ts', import.meta.url))

const startWriter = ({ remote }: ObjectStoreUnderTest, ...args: (string | number)[]): ChildProcess =>
  spawn(process.execPath, [writerPath, remote.module, JSON.stringify(remote.options), ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })

/** The suite that every driver of ObjectStore passes. `make` gives an empty store each time. */
export const objectStoreConformance = (driver: string, make: () => Promise<ObjectStoreUnderTest>): void => {
  describe(`${driver}: the object store contract`, () => {
    let subject: ObjectStoreUnderTest
    let store: ObjectStore
    beforeEach(async () => {
      subject = await make()
      store = subject.store
    })
    afterEach(() => subject.close())

    const listed = async (prefix: string): Promise<string[]> =>
      (await Array.fromAsync(store.list(prefix))).sort()
    const content = async (key: string): Promise<string | undefined> => text((await store.get(key))?.body)

    it('gives back what was put, byte for byte', async () => {
      const all = Uint8Array.from({ length: 256 }, (_, i) => i)
      const large = uniformBody(7, 3_000_000)
      await store.put('a/all', all)
      await store.put('a/empty', new Uint8Array(0))
      await store.put('a/large', large)
      expect([...(await store.get('a/all'))!.body]).toEqual([...all])
      expect((await store.get('a/empty'))!.body).toHaveLength(0)
      expect(Buffer.compare((await store.get('a/large'))!.body, large)).toBe(0)
    })

    it('takes every character of the key alphabet', async () => {
      const key = `${'x'.repeat(200)}/AZaz09._~%-/%2e%2e/...a/${'9'.repeat(255)}`
      await store.put(key, bytes('here'))
      expect(await content(key)).toBe('here')
      expect(await listed('')).toEqual([key])
    })

    it('refuses keys outside the alphabet', async () => {
      const bad = [
        '',
        '/',
        '/etc/x',
        'a//b',
        'a/',
        '.',
        '..',
        '../x',
        'a/../b',
        'a/..',
        './a',
        'a\\b',
        'a\0b',
        'ä',
        'a b',
        'a\n',
      ]
      for (const key of [...bad, 'x'.repeat(256), 'x/'.repeat(500) + 'x']) {
        await expect(store.put(key, bytes('x')), JSON.stringify(key)).rejects.toThrow(TypeError)
        await expect(store.get(key), JSON.stringify(key)).rejects.toThrow(TypeError)
        await expect(store.delete(key), JSON.stringify(key)).rejects.toThrow(TypeError)
      }
      for (const prefix of ['/', '../', 'a/../', 'a//', '..', 'a\\', 'a\0'])
        await expect(listed(prefix), JSON.stringify(prefix)).rejects.toThrow(TypeError)
      expect(await listed('')).toEqual([])
    })

    it('has nothing under a missing key, and deletes it without complaint', async () => {
      expect(await store.get('never/written')).toBeUndefined()
      await store.delete('never/written')
      await store.put('gone', bytes('x'))
      await store.delete('gone')
      await store.delete('gone')
      expect(await store.get('gone')).toBeUndefined()
      expect(await listed('')).toEqual([])
    })

    it('overwrites without a condition', async () => {
      const first = await store.put('key', bytes('first'))
      const second = await store.put('key', bytes('second'))
      expect(second).not.toBe(first)
      expect(await store.get('key')).toMatchObject({ tag: second })
      expect(await content('key')).toBe('second')
    })

    it('creates once', async () => {
      expect(await store.put('key', bytes('first'), 'absent')).toBeTypeOf('string')
      expect(await store.put('key', bytes('second'), 'absent')).toBeUndefined()
      expect(await content('key')).toBe('first')
      await store.delete('key')
      expect(await store.put('key', bytes('third'), 'absent')).toBeTypeOf('string')
    })

    it('replaces the named version only', async () => {
      const first = (await store.put('key', bytes('first')))!
      const second = (await store.put('key', bytes('second'), { tag: first }))!
      expect(await store.put('key', bytes('late'), { tag: first })).toBeUndefined()
      expect(await content('key')).toBe('second')
      await store.delete('key')
      expect(await store.put('key', bytes('late'), { tag: second })).toBeUndefined()
      expect(await store.get('key')).toBeUndefined()
    })

    it('never gives an object the tag of an earlier version, whatever its content', async () => {
      const tags = new Set<string>()
      for (let i = 0; i < 20; i++) {
        tags.add((await store.put('key', bytes(`${i % 2}`)))!)
        if (i % 5 === 4) await store.delete('key')
      }
      expect(tags.size).toBe(20)
    })

    it('lists by prefix, within and across folders', async () => {
      const keys = ['a/1', 'a/2', 'a/b/3', 'ab/4', 'c']
      for (const key of keys) await store.put(key, bytes(key))
      expect(await listed('')).toEqual(keys)
      expect(await listed('a')).toEqual(['a/1', 'a/2', 'a/b/3', 'ab/4'])
      expect(await listed('a/')).toEqual(['a/1', 'a/2', 'a/b/3'])
      expect(await listed('a/b/3')).toEqual(['a/b/3'])
      expect(await listed('a/1/')).toEqual([])
      expect(await listed('missing/')).toEqual([])
    })

    it('lets exactly one of many create an object', async () => {
      const tags = await Promise.all(
        Array.from({ length: 24 }, (_, i) => store.put('key', bytes(`${i}`), 'absent')),
      )
      const winner = tags.findIndex((tag) => tag !== undefined)
      expect(tags.filter((tag) => tag !== undefined)).toHaveLength(1)
      expect(await content('key')).toBe(`${winner}`)
    })

    it('counts right with 24 writers in one process', async () => {
      await Promise.all(Array.from({ length: 24 }, () => increment(store, 'counter', 5)))
      expect(await content('counter')).toBe(`${24 * 5}`)
    })

    it('counts right with 24 writers in three processes', async () => {
      const children = Array.from({ length: 3 }, () => startWriter(subject, 'count', 'counter', 8, 10))
      const lost = await Promise.all(
        children.map(async (child) => {
          const [output, [code]] = await Promise.all([readText(child.stdout!), once(child, 'exit')])
          expect(code).toBe(0)
          return Number(output)
        }),
      )
      expect(await content('counter')).toBe(`${3 * 8 * 10}`)
      expect(Math.max(...lost), 'the writers never met').toBeGreaterThan(0)
    })

    it('keeps an object whole, and writable, when its writer is killed at any moment', async () => {
      const size = 200_000
      await store.put('key', uniformBody(250, size))
      for (let round = 0; round < 8; round++) {
        const child = startWriter(subject, 'overwrite', 'key', size)
        await once(child.stdout!, 'data')
        const before = (await store.get('key'))!.tag
        await expect
          .poll(async () => (await store.get('key'))!.tag, { interval: 1, timeout: 10_000 })
          .not.toBe(before)
        for (let i = 0; i < round; i++) await store.get('key')
        child.kill('SIGKILL')
        await once(child, 'exit')
        const { body, tag } = (await store.get('key'))!
        expect(body).toHaveLength(size)
        expect(Buffer.compare(body, uniformBody(body[0]!, size))).toBe(0)
        expect(await store.put('key', uniformBody(250, size), { tag })).toBeTypeOf('string')
      }
    })

    it('passes its own check and leaves nothing behind', async () => {
      await store.check()
      expect(await listed('')).toEqual([])
    })
  })
}
