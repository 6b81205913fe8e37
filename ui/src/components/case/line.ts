// The clocks of a case as entries of its time line, where the line itself does not tell them.
import type { LineEntry, Task } from '@/api/case'
import { t, word, type Key } from '@/i18n'
import { span } from '@/lib/time'

/** How a clock ended, or that it is late; a clock that runs in time says nothing yet. */
export function clockEntry(task: Task, now_ms: number): LineEntry | null {
  const is_late = !task.end && task.due_at !== null && !task.paused_at && Date.parse(task.due_at) < now_ms
  if (task.end === 'void' || (!task.end && !is_late)) return null
  const at = task.ended_at ?? task.due_at ?? task.armed_at
  const { unit, count } = span(Date.parse(task.ended_at ?? new Date(now_ms).toISOString()) - Date.parse(task.armed_at))
  const how = task.end ? word('task_end', task.end) : t('line.still_late')
  return {
    at,
    stage: 'clock',
    subject: task.subject,
    act: task.end ?? 'never',
    act_name: t('line.clock', { step: task.step_name, how }),
    actor: task.person,
    unit: task.unit,
    text: t('line.took', { time: t(`clock.${unit}` as Key, { n: count }) }),
    pictures: [],
    picture_ids: [],
    lon: null,
    lat: null,
  }
}

export function withClocks(line: readonly LineEntry[], tasks: readonly Task[], now_ms: number): LineEntry[] {
  if (line.some((it) => it.stage === 'clock')) return [...line]
  const clocks = tasks.map((it) => clockEntry(it, now_ms)).filter((it) => it !== null)
  const rank = (it: LineEntry) => (it.stage === 'clock' ? 1 : 0)
  return [...line, ...clocks].sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || rank(a) - rank(b))
}
