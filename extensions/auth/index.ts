export { Auth, identityOf, type AuthContext, type AuthOptions, type RoleRequest } from './Auth.ts'
export type { RoleChanges } from './RoleChanges.ts'
export { canWrite, roleFor, roles, type DocumentRoles, type Role } from './roles.ts'
export {
  brokenClaimRule,
  claimsSchema,
  createTokenVerifier,
  type Identity,
  type TokenVerifier,
  type TokenVerifierOptions,
} from './token.ts'
