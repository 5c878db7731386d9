export { applyUpdateWithin, defaultApplyBudget, type ApplyBudget } from './apply-update.ts'
export { checkUpdate, type GuardVerdict } from './check-update.ts'
export { Guard, type GuardOptions } from './Guard.ts'
export { defaultGuardLimits, defaultSyncLimits, type GuardLimits } from './limits.ts'
