import { describe, expect, it } from 'vitest'
import { CompactionSchedule } from './CompactionSchedule.ts'

const limits = {
  compactAfterBytes: 1_000_000,
  compactAfterMs: 300_000,
  firstRetryMs: 1_000,
  maxRetryMs: 60_000,
}
const schedule = (random = () => 1): CompactionSchedule => new CompactionSchedule(limits, random)

describe('a document becomes due', () => {
  it('by the size of its edits', () => {
    const subject = schedule()
    expect(subject.edited('doc', 600_000, 0)).toBe(false)
    expect(subject.take(0)).toBeUndefined()
    expect(subject.edited('doc', 400_000, 1)).toBe(true)
    expect(subject.take(1)).toMatchObject({
      documentName: 'doc',
      bytes: 1_000_000,
      updates: 2,
      dirtySince: 0,
    })
    expect(subject.take(1)).toBeUndefined()
  })

  it('by the age of the first of them, however often it is edited', () => {
    const subject = schedule()
    for (let now = 0; now < 300_000; now += 1_000) subject.edited('doc', 1, now)
    expect(subject.take(299_999)).toBeUndefined()
    expect(subject.take(300_000)).toMatchObject({ documentName: 'doc' })
  })

  it('when it leaves memory with much in the journal, and not with little', () => {
    const subject = schedule()
    subject.edited('large', 70_000, 0)
    for (let i = 0; i < 500; i++) subject.edited('many', 1, 0)
    subject.edited('small', 100, 0)
    subject.edited('open', 70_000, 0)
    expect(subject.unloaded('large', 1)).toBe(true)
    expect(subject.unloaded('many', 1)).toBe(true)
    expect(subject.unloaded('small', 1)).toBe(false)
    expect(subject.unloaded('never edited', 1)).toBe(false)
    expect(
      [subject.take(1), subject.take(1), subject.take(1)].map((document) => document?.documentName),
    ).toEqual(['large', 'many', undefined])
  })

  it('after a start: at once with much in the journal, spread over time with little', () => {
    let calls = 0
    const subject = schedule(() => (calls++ % 4) / 4)
    for (let i = 0; i < 4; i++) subject.found(`small ${i}`, 100, 1, 0)
    subject.found('large', 70_000, 1, 0)
    const taken = (now: number): string[] => {
      const names: string[] = []
      for (let next = subject.take(now); next; next = subject.take(now)) names.push(next.documentName)
      return names
    }
    expect(taken(0)).toEqual(['small 0', 'large'])
    expect(taken(75_000)).toEqual(['small 1'])
    expect(taken(300_000)).toEqual(['small 2', 'small 3'])
    expect(subject.size).toBe(0)
  })
})

describe('a document that failed', () => {
  it('waits longer after each failure, up to a limit, and keeps what it had', () => {
    const subject = schedule()
    subject.edited('doc', 1_000_000, 0)
    let document = subject.take(0)!
    let now = 0
    const waits: number[] = []
    for (let i = 0; i < 8; i++) {
      const failedAt = now
      subject.failed(document, now)
      let next = subject.take(now)
      for (; !next; next = subject.take(now)) now += 500
      waits.push(now - failedAt)
      document = next
    }
    expect(document).toMatchObject({ bytes: 1_000_000, dirtySince: 0 })
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000])
  })

  it('counts the edits that came meanwhile as well', () => {
    const subject = schedule()
    subject.edited('doc', 1_000_000, 0)
    const document = subject.take(0)!
    subject.edited('doc', 500, 10)
    subject.failed(document, 20)
    expect(subject.dirtySince).toBe(0)
    expect(subject.take(1_020)).toMatchObject({ bytes: 1_000_500, updates: 2, failures: 1 })
  })
})
