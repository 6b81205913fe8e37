// People and their rights: units, users, roles, one's own session.
import type { Told } from './types'

export const PERMISSIONS = [
  'see_warnings',
  'work_warnings',
  'dispatch',
  'intercept',
  'apply_watch',
  'review_watch',
  'approve_watch',
  'educate',
  'see_hazards',
  'report_hazards',
  'manage_hazards',
  'rectify_hazards',
  'accept_hazards',
  'strike_hazards',
  'look_up',
  'export',
  'keep_register',
  'see_operation',
  'manage_devices',
  'tune_models',
  'approve_rules',
  'see_statistics',
  'manage_system',
  'manage_security',
  'see_audit',
] as const
export type Permission = (typeof PERMISSIONS)[number]

export const ROLES = [
  'duty_officer',
  'patrol_officer',
  'clerk',
  'leader',
  'safety_officer',
  'township_officer',
  'village_helper',
  'member_unit',
  'inspector',
  'system_administrator',
  'security_administrator',
  'audit_administrator',
  'founder',
] as const
export type Role = (typeof ROLES)[number]
export const ADMINISTRATIONS: readonly Role[] = [
  'system_administrator',
  'security_administrator',
  'audit_administrator',
]

export const UNIT_KINDS = ['county_office', 'brigade', 'squad', 'station', 'township', 'village', 'department'] as const
export type UnitKind = (typeof UNIT_KINDS)[number]
export type Unit = Told<'UnitView', { kind: UnitKind }>

export type User = Told<'UserView', { roles: Role[] }>
/** Who is logged in. */
export type Me = User & {
  permissions: Permission[]
  must_set_up_totp: boolean
  recovery_codes_left: number
  password_due_at: string | null
}
export type SessionCreated = Told<'SessionView', { user: Me }>
/** A user with a password that the server shows exactly once. */
export type UserWithPassword = Told<'UserWithPassword', { user: User }>
export type SessionRow = Told<'SessionRowView'>
export type TotpSecret = Told<'TotpSecret'>
export type SecurityRules = Required<Told<'SecurityRules'>>
/** Whether the log-in page offers single sign-on, and what its button says. */
export type SsoOffer = Told<'SsoOffer'>
export type Sso = Told<'SsoView'>
export type SsoInput = Told<'SsoInput'>
export type RoleRow = Told<'RoleView', { key: Role; permissions: Permission[] }>
export type Founders = Told<'FoundersView', { missing_roles: Role[] }>
export interface UserInput {
  username: string
  display_name: string
  unit_id?: number | null
  phone?: string | null
  post?: string | null
}
export type UserChange = Partial<Omit<UserInput, 'username'>> & { is_enabled?: boolean }
export interface UnitInput {
  parent_id: number | null
  kind: UnitKind
  name: string
  code?: string | null
}
export type UnitChange = Partial<Omit<UnitInput, 'kind'>> & { is_enabled?: boolean }
