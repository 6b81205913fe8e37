// Where somebody begins: on the phone the road, for whoever works there; else the county at work, what waits, or the system.
import { isPhone } from '@/screen'
import { may } from '@/session'

export function home(): 'road' | 'command' | 'tasks' | 'system' {
  if (isPhone.value && may('intercept', 'rectify_hazards') && !may('work_warnings')) return 'road'
  if (may('see_warnings')) return 'command'
  return may('report_hazards', 'review_watch', 'educate') ? 'tasks' : 'system'
}
