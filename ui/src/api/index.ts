// The server's routes by name. Nothing else in the page knows a path of the API.
import { get, patch, pathWithQuery, post, put, remove, send, type Query } from './client'
import type * as T from './types'

const V1 = '/api/v1'
const part = encodeURIComponent
/** Lists come either wrapped or bare where a list is short; both read the same. */
async function all<I>(path: string, query?: Query): Promise<I[]> {
  const answer = await get<T.List<I> | I[]>(path, query)
  return Array.isArray(answer) ? answer : answer.items
}

export const pictureUrl = (id: string) => `${V1}/pictures/${part(id)}`
export const templateUrl = (kind: T.ImportKind) => `${V1}/imports/${kind}/template`
export const jobFileUrl = (id: number, name: string) => `${V1}/jobs/${id}/files/${part(name)}`
export const LIVE_URL = `${V1}/live`

export const api = {
  login: (username: string, password: string, code?: string) =>
    post<T.SessionCreated>(`${V1}/session`, { username, password, ...(code ? { code } : {}) }),
  session: () => get<T.Me>(`${V1}/session`),
  logout: () => remove(`${V1}/session`),
  ssoOffer: () => get<T.SsoOffer>(`${V1}/session/sso`),
  beginTotp: (current_password: string) => post<T.TotpSecret>(`${V1}/session/totp`, { current_password }),
  confirmTotp: async (ticket: string, code: string): Promise<string[]> =>
    (await post<{ recovery_codes: string[] }>(`${V1}/session/totp/confirm`, { ticket, code })).recovery_codes,
  removeTotp: (current_password: string) => post<undefined>(`${V1}/session/totp/remove`, { current_password }),
  sessions: () => all<T.SessionRow>(`${V1}/session/sessions`),
  endSession: (session: string) => remove(`${V1}/session/sessions/${part(session)}`),
  endOtherSessions: () => remove(`${V1}/session/sessions`),
  changePassword: (current_password: string, new_password: string) =>
    put<undefined>(`${V1}/session/password`, { current_password, new_password }),

  figures: () => get<T.Figures>(`${V1}/figures`),
  warnings: (query: Query, signal?: AbortSignal) => get<T.List<T.Warning>>(`${V1}/warnings`, query, signal),
  warning: (id: string) => get<T.WarningFile>(`${V1}/warnings/${part(id)}`),
  signWarning: (id: string, version: number) => post<T.Warning>(`${V1}/warnings/${part(id)}/sign`, { version }),
  judgeWarning: (id: string, version: number, verdict: T.Verdict, note?: string) =>
    post<T.Warning>(`${V1}/warnings/${part(id)}/verdict`, { version, verdict, ...(note ? { note } : {}) }),
  explanation: (id: string) => get<T.Explanation>(`${V1}/warnings/${part(id)}/explanation`),
  /** May take some seconds. */
  replay: (id: string) => get<T.Replay>(`${V1}/warnings/${part(id)}/replay`),

  checkpoints: () => all<T.Checkpoint>(`${V1}/checkpoints`, { limit: 500 }),
  saveCheckpoint: (id: string, it: T.CheckpointInput) => put<undefined>(`${V1}/checkpoints/${part(id)}`, it),
  keyVehicles: () => all<T.KeyVehicle>(`${V1}/key-vehicles`, { limit: 500 }),
  track: (plate: string, plateClass: string, minutes: number, reason: string) =>
    get<T.TrackPoint[]>(`${V1}/key-vehicles/${part(plate)}/${part(plateClass)}/track`, { minutes, reason }),

  devices: (query: Query, signal?: AbortSignal) => get<T.List<T.Device>>(`${V1}/devices`, query, signal),
  addDevice: (device: T.NewDevice) => post<T.Device>(`${V1}/devices`, device),
  changeDevice: (
    device: T.Device,
    change: Partial<Pick<T.Device, 'name' | 'is_enabled'>> & {
      password?: string
      registered_address?: string
      cipher?: T.Cipher
    },
  ) => patch<T.Device>(`${V1}/devices/${device.kind}/${part(device.id)}`, change),
  removeDevice: (device: T.Device) => remove(`${V1}/devices/${device.kind}/${part(device.id)}`),
  refusedDevices: () => all<T.RefusedDevice>(`${V1}/refused-devices`, { limit: 500 }),
  admitDevice: (device: T.RefusedDevice, name?: string) =>
    post<T.AdmittedDevice>(`${V1}/refused-devices/${device.kind}/${part(device.id)}/admit`, name ? { name } : {}),
  dismissDevice: (device: T.RefusedDevice) => remove(`${V1}/refused-devices/${device.kind}/${part(device.id)}`),
  quarantine: (query: Query, signal?: AbortSignal) => get<T.QuarantineList>(`${V1}/quarantine`, query, signal),
  quarantined: (id: T.QuarantineEntry['id']) => get<T.QuarantineFile>(`${V1}/quarantine/${part(String(id))}`),

  vehicles: (query: Query, signal?: AbortSignal) => get<T.List<T.Vehicle>>(`${V1}/vehicles`, query, signal),
  vehicleFile: (plate: string, plateClass: string, reason?: string) =>
    get<T.VehicleFile>(`${V1}/vehicles/${part(plate)}/${part(plateClass)}/file`, { reason }),
  saveVehicle: (vehicle: T.Vehicle) =>
    put<T.Vehicle>(`${V1}/vehicles/${part(vehicle.plate)}/${part(vehicle.plate_class)}`, vehicle),
  removeVehicle: (vehicle: T.Vehicle) => remove(`${V1}/vehicles/${part(vehicle.plate)}/${part(vehicle.plate_class)}`),

  watchOrders: (query: Query, signal?: AbortSignal) => get<T.List<T.WatchOrder>>(`${V1}/watch-orders`, query, signal),
  addWatchOrder: (order: T.NewWatchOrder) => post<T.WatchOrder>(`${V1}/watch-orders`, order),
  withdrawWatchOrder: (id: T.WatchOrder['id'], reason: string) =>
    post<T.WatchOrder>(`${V1}/watch-orders/${part(String(id))}/withdraw`, { reason }),

  passages: (query: Query, signal?: AbortSignal) => get<T.List<T.Passage>>(`${V1}/passages`, query, signal),

  models: () => all<T.Model>(`${V1}/models`),
  model: (id: string) => get<T.ModelFile>(`${V1}/models/${part(id)}`),
  yields: (since?: T.Day) => all<T.ModelYield>(`${V1}/models/yield`, { since }),
  addTuning: (model: string, tuning: T.TuningInput) => post<T.Tuning>(`${V1}/models/${part(model)}/tunings`, tuning),
  changeTuning: (model: string, id: string, tuning: T.TuningInput) =>
    put<T.Tuning>(`${V1}/models/${part(model)}/tunings/${part(id)}`, tuning),
  removeTuning: (model: string, { id, version }: T.Tuning, reason: string) =>
    remove(`${V1}/models/${part(model)}/tunings/${part(id)}`, { version, reason }),

  rules: () => all<T.Rule>(`${V1}/rules`),
  rule: (id: string) => get<T.RuleFile>(`${V1}/rules/${part(id)}`),
  addRule: (rule: T.RuleInput) => post<T.RuleFile>(`${V1}/rules`, rule),
  saveRule: (id: string, rule: T.RuleInput) => put<T.RuleFile>(`${V1}/rules/${part(id)}/draft`, rule),
  submitRule: ({ id, version }: T.Rule) => post<T.RuleFile>(`${V1}/rules/${part(id)}/submit`, { version }),
  approveRule: ({ id, version }: T.Rule, note: string) =>
    post<T.RuleFile>(`${V1}/rules/${part(id)}/approve`, { version, note }),
  returnRule: ({ id, version }: T.Rule, note: string) =>
    post<T.RuleFile>(`${V1}/rules/${part(id)}/return`, { version, note }),
  retireRule: ({ id }: T.Rule, reason: string) => post<T.RuleFile>(`${V1}/rules/${part(id)}/retire`, { reason }),
  checkCondition: (condition: string) => post<T.ConditionCheck>(`${V1}/rules/check`, { condition }),
  ruleWords: () => all<T.RuleWord>(`${V1}/rules/vocabulary`),

  startBackTest: (test: T.BackTestInput) => post<T.Job>(`${V1}/back-tests`, test),
  backTests: (query: Query) => get<T.List<T.BackTest>>(`${V1}/back-tests`, query),
  backTest: (id: number) => get<T.BackTest>(`${V1}/back-tests/${id}`),
  backTestWarnings: (id: number, query: Query, signal?: AbortSignal) =>
    get<T.List<T.BackTestWarning>>(`${V1}/back-tests/${id}/warnings`, query, signal),
  removeBackTest: (id: number) => remove(`${V1}/back-tests/${id}`),

  silences: (query: Query, signal?: AbortSignal) => get<T.List<T.Silence>>(`${V1}/silences`, query, signal),
  addSilence: (silence: T.SilenceInput) => post<T.Silence>(`${V1}/silences`, silence),
  endSilence: (id: string) => post<undefined>(`${V1}/silences/${part(id)}/end`),
  maintenance: (query: Query, signal?: AbortSignal) => get<T.List<T.Maintenance>>(`${V1}/maintenance`, query, signal),
  addMaintenance: (window: T.MaintenanceInput) => post<T.Maintenance>(`${V1}/maintenance`, window),
  endMaintenance: (id: string) => post<undefined>(`${V1}/maintenance/${part(id)}/end`),

  zones: () => all<T.Zone>(`${V1}/zones`),
  saveZone: (id: string, zone: T.ZoneText) => put<undefined>(`${V1}/zones/${part(id)}`, zone),
  removeZone: (id: string) => remove(`${V1}/zones/${part(id)}`),

  platforms: () => all<T.Platform>(`${V1}/platforms`),
  addPlatform: (platform: T.PlatformInput) => post<T.Platform>(`${V1}/platforms`, platform),
  changePlatform: (id: string, change: T.PlatformInput) => patch<T.Platform>(`${V1}/platforms/${part(id)}`, change),
  removePlatform: (id: string) => remove(`${V1}/platforms/${part(id)}`),
  testPlatform: (input: T.ProbeInput) => post<T.Probe>(`${V1}/platform-tests`, input),
  subscriptions: (id: string) => all<T.Subscription>(`${V1}/platforms/${part(id)}/subscriptions`),
  subscribe: (id: string, input: T.SubscriptionInput) =>
    post<T.Subscription>(`${V1}/platforms/${part(id)}/subscriptions`, input),
  endSubscription: (id: string, it: T.Subscription) =>
    remove(`${V1}/platforms/${part(id)}/subscriptions/${it.direction}/${part(it.id)}`),
  retrySubscription: (id: string, it: T.Subscription) =>
    post<undefined>(`${V1}/platforms/${part(id)}/subscriptions/${it.direction}/${part(it.id)}/retry`),
  tollgates: (id: string) => all<T.Tollgate>(`${V1}/platforms/${part(id)}/tollgates`),
  admitTollgate: (id: string, tollgate: string, input: T.TollgateInput) =>
    post<undefined>(`${V1}/platforms/${part(id)}/tollgates/${part(tollgate)}/admit`, input),
  dispositions: (query: Query) => all<T.Disposition>(`${V1}/dispositions`, query),
  acceptDisposition: (it: T.Disposition, note: string) =>
    post<T.List<T.Disposition>>(`${V1}/dispositions/${part(it.platform_id)}/${part(it.id)}/accept`, { note }),
  refuseDisposition: (it: T.Disposition, note: string) =>
    post<T.List<T.Disposition>>(`${V1}/dispositions/${part(it.platform_id)}/${part(it.id)}/refuse`, { note }),
  passOn: (order: string, platform_ids: string[]) =>
    post<T.List<T.Disposition>>(`${V1}/watch-orders/${part(order)}/platforms`, { platform_ids }),

  cameraHealth: () => all<T.DeviceHealth>(`${V1}/devices/health`, { kind: 'camera' }),
  cameraHealthFile: (id: string, hours: number) =>
    get<T.HealthFile>(`${V1}/devices/camera/${part(id)}/health`, { hours }),

  roads: () => get<GeoJSON.FeatureCollection>(`${V1}/map/roads`),
  places: () => get<GeoJSON.FeatureCollection>(`${V1}/map/places`),
  mapConfig: () => get<T.MapConfig>(`${V1}/map/config`),

  importCsv: async (kind: T.ImportKind, file: Blob, signal?: AbortSignal): Promise<T.ImportReport> => {
    const init = { method: 'POST', body: file, headers: { 'Content-Type': 'text/csv' }, signal }
    return (await send(pathWithQuery(`${V1}/imports/${kind}`), init)).json()
  },

  units: () => all<T.Unit>(`${V1}/units`),
  addUnit: (unit: T.UnitInput) => post<T.Unit>(`${V1}/units`, unit),
  changeUnit: (id: number, change: T.UnitChange) => patch<T.Unit>(`${V1}/units/${id}`, change),
  roles: () => all<T.RoleRow>(`${V1}/roles`),
  founders: () => get<T.Founders>(`${V1}/founders`),
  endFounders: () => post<undefined>(`${V1}/founders/end`),

  users: () => all<T.User>(`${V1}/users`, { limit: 500 }),
  addUser: (user: T.UserInput) => post<T.UserWithPassword>(`${V1}/users`, user),
  changeUser: (id: number, change: T.UserChange) => patch<T.User>(`${V1}/users/${id}`, change),
  putRoles: (id: number, roles: readonly T.Role[]) => put<T.User>(`${V1}/users/${id}/roles`, { roles }),
  putDuty: (id: number, duty: { from: string; until: string } | null) =>
    put<T.User>(`${V1}/users/${id}/duty`, duty ?? {}),
  resetPassword: (id: number) => post<T.UserWithPassword>(`${V1}/users/${id}/reset-password`),
  userSessions: (id: number) => all<T.SessionRow>(`${V1}/users/${id}/sessions`),
  endUserSession: (id: number, session: string) => remove(`${V1}/users/${id}/sessions/${part(session)}`),
  endUserSessions: (id: number) => remove(`${V1}/users/${id}/sessions`),
  resetTotp: (id: number) => post<undefined>(`${V1}/users/${id}/reset-totp`),
  security: () => get<T.SecurityRules>(`${V1}/security`),
  sso: () => get<T.Sso | null>(`${V1}/security/sso`),
  putSso: (sso: T.SsoInput) => put<T.Sso>(`${V1}/security/sso`, sso),
  putSecurity: (rules: T.SecurityRules) => put<T.SecurityRules>(`${V1}/security`, rules),
  unlock: (id: number) => post<undefined>(`${V1}/users/${id}/unlock`),
  audit: (query: Query, signal?: AbortSignal) => get<T.AuditList>(`${V1}/audit`, query, signal),
  verifyAudit: () => post<T.Job>(`${V1}/audit/verify`),

  jobs: (query: Query, signal?: AbortSignal) => get<T.List<T.Job>>(`${V1}/jobs`, query, signal),
  job: (id: number) => get<T.Job>(`${V1}/jobs/${id}`),
  cancelJob: (id: number) => post<T.Job>(`${V1}/jobs/${id}/cancel`),

  /** Answers 503 when a part is unwell; the body is the same. */
  health: async (): Promise<T.Health> => (await send(`${V1}/health`, {}, [503])).json(),
  system: () => get<T.SystemInfo>(`${V1}/system`),
}
