import { Command } from 'commander'
import { describeConfig, loadConfig } from '../config.ts'

/** `codraft config`: all settings with their effective values, secrets masked. */
export const configCommand = (): Command =>
  new Command('config').description('print all settings with their effective values').action(() => {
    const rows = describeConfig(loadConfig(process.env))
    const width = Math.max(...rows.map(({ env }) => env.length))
    for (const { env, value, isDefault } of rows) {
      console.log(`${env.padEnd(width)}  ${value}${isDefault ? '' : '  (set)'}`)
    }
  })
