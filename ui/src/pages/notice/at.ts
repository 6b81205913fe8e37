// Where a notice leads.
import type { Notice } from '@/api/notice'
import { caseAt } from '@/lib/caseAt'

/** The page of what it is about, at the desk. */
export const deskAt = ({ kind, subject }: Pick<Notice, 'kind' | 'subject'>): string =>
  kind === 'warning' ? `/warnings/${encodeURIComponent(subject)}` : caseAt(subject)

/** The same on the road, where the road has a page for it. */
export function roadAt(notice: Pick<Notice, 'kind' | 'subject'>): string | null {
  if (notice.kind === 'dispatch') return `/road/orders/${encodeURIComponent(notice.subject)}`
  return notice.kind === 'hazard' ? `/road/hazards/${encodeURIComponent(notice.subject)}` : null
}
