import { createHash } from 'node:crypto'
import type { ChainableCommander, RedisValue } from 'ioredis'
import type { RedisConnection } from './RedisConnection.ts'

/** A Lua script that Redis runs as one step. It is sent in full only to a node that does not know it yet. */
export class RedisScript {
  readonly #source: string
  readonly #sha1: string

  constructor(source: string) {
    this.#source = source.trim()
    this.#sha1 = createHash('sha1').update(this.#source).digest('hex')
  }

  async run(
    { commands }: RedisConnection,
    keys: readonly string[],
    args: readonly RedisValue[],
  ): Promise<unknown> {
    try {
      return await commands.evalsha(this.#sha1, keys.length, ...keys, ...args)
    } catch (error) {
      if (!isUnknownScript(error)) throw error
      return commands.eval(this.#source, keys.length, ...keys, ...args)
    }
  }

  /** Runs it and waits until `replicas` replicas have received what it changed. Rejects when they have not in `waitMs`. */
  async runReplicated(
    { commands }: RedisConnection,
    { replicas, waitMs }: { readonly replicas: number; readonly waitMs: number },
    keys: readonly string[],
    args: readonly RedisValue[],
  ): Promise<unknown> {
    // One pipeline: WAIT has no key that would lead it to the node of the document.
    const run = async (pipeline: ChainableCommander): Promise<unknown> => {
      const [script, wait] = (await pipeline.wait(replicas, waitMs).exec()) ?? []
      const error = script?.[0] ?? wait?.[0]
      if (error) throw error
      const reached = Number(wait?.[1])
      if (reached < replicas) throw new Error(`only ${reached} of ${replicas} replicas have received it`)
      return script?.[1]
    }
    try {
      return await run(commands.pipeline().evalsha(this.#sha1, keys.length, ...keys, ...args))
    } catch (error) {
      if (!isUnknownScript(error)) throw error
      return run(commands.pipeline().eval(this.#source, keys.length, ...keys, ...args))
    }
  }
}

const isUnknownScript = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith('NOSCRIPT')
