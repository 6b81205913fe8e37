// Who rectifies never accepts, neither the person nor the unit: the server holds to it, the page says so before anybody tries.
import type { HazardBody } from '@/api/case'

export function isOwnWork(
  { rectification, notice }: Pick<HazardBody, 'rectification' | 'notice'>,
  me: { username: string; unit_id: number | null } | null,
): boolean {
  if (!me) return false
  if (rectification?.by === me.username) return true
  return me.unit_id !== null && (rectification?.unit === me.unit_id || notice?.unit === me.unit_id)
}
