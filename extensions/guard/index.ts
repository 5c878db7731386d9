export {
  checkUpdate,
  defaultGuardLimits,
  defaultSyncLimits,
  type GuardLimits,
  type GuardVerdict,
} from './check-update.ts'
export { Guard, type GuardOptions } from './Guard.ts'
