import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Fleet, FleetCommand } from '../../extensions/fleet/index.ts'

export interface FleetUnderTest {
  /** One for each instance; a driver for one server has one. */
  readonly instances: readonly Fleet[]
  /** What `onError` was given. */
  readonly errors: readonly unknown[]
  dispose(): Promise<void>
}

const close = (documentName: string): FleetCommand => ({
  type: 'close',
  documentName,
  errorCode: 'CODRAFT_DOCUMENT_UNAVAILABLE',
})

/** The suite that every driver of Fleet passes. */
export const fleetConformance = (driver: string, open: () => Promise<FleetUnderTest>): void => {
  describe(`${driver}: the fleet contract`, () => {
    let subject: FleetUnderTest
    beforeEach(async () => {
      subject = await open()
    })
    afterEach(() => subject.dispose())

    it('has every instance carry a command out before publish resolves, in the order of the commands', async () => {
      const done = subject.instances.map((instance) => {
        const commands: FleetCommand[] = []
        instance.onCommand(async (command) => {
          await Promise.resolve()
          commands.push(command)
        })
        return commands
      })
      const commands: FleetCommand[] = [
        close('a'),
        { type: 'roles', documentName: 'b', userId: 'ann' },
        { type: 'reload' },
      ]
      for (const command of commands) expect(await subject.instances[0]!.publish(command)).toBe(true)
      for (const each of done) expect(each).toEqual(commands)
    })

    it('carries nothing out for a listener that has ended', async () => {
      const commands: FleetCommand[] = []
      const stop = subject.instances[0]!.onCommand((command) => void commands.push(command))
      stop()
      await subject.instances[0]!.publish(close('a'))
      expect(commands).toEqual([])
    })

    it('reports a listener that fails, and goes on', async () => {
      const done: string[] = []
      const [instance] = subject.instances
      instance!.onCommand(() => {
        throw new Error('broken listener')
      })
      instance!.onCommand(({ type }) => void done.push(type))
      await instance!.publish({ type: 'reload' })
      expect(done).toEqual(['reload'])
      expect(subject.errors).toEqual([expect.objectContaining({ message: 'broken listener' })])
    })
  })
}
