// A case in pairs of name and value, by its kind.
import type {
  CaseFile,
  DispatchBody,
  EducationBody,
  HazardBody,
  InterceptionBody,
  Measure,
  Spot,
  WatchApplicationBody,
} from '@/api/case'
import type { Fact } from '@/components/case/FactList.vue'
import { personName, unitName } from '@/components/case/directory'
import { t, word, type Key } from '@/i18n'
import { fullInstantText } from '@/lib/time'

const CHAINAGE_M = 1_000

export interface Part {
  title: string
  facts: Fact[]
  pictures: string[]
}
type Names = Pick<CaseFile, 'units' | 'people'>
const fact = (label: Key, value: Fact['value'], more: Partial<Fact> = {}): Fact => ({ label: t(label), value, ...more })
const wide = { is_wide: true }
const when = (at: string | null | undefined) => (at ? fullInstantText(at) : null)

/** A unit or a person by the names that came with the case. */
const unitOf = (names: Names, id: number | null | undefined) =>
  id === null || id === undefined ? null : (names.units[id] ?? unitName(id))
const personOf = (names: Names, username: string | null | undefined) =>
  username ? (names.people[username] ?? personName(username)) : null

export function spotText(spot: Spot | null | undefined): string | null {
  if (!spot) return null
  const metres = spot.chainage_m
  const chainage =
    metres === null || metres === undefined
      ? ''
      : `K${Math.floor(metres / CHAINAGE_M)}+${String(metres % CHAINAGE_M).padStart(3, '0')}`
  const words = [spot.route, chainage].filter(Boolean).join(' ')
  const text = [words, spot.description].filter(Boolean).join(' · ')
  if (text) return text
  return spot.at ? `${spot.at.lon.toFixed(5)}, ${spot.at.lat.toFixed(5)}` : null
}
export function measureText({ kind, amount, document }: Measure): string {
  const unit = kind === 'fine' ? t('measure.yuan') : kind === 'points' ? t('measure.points_unit') : ''
  const much = amount === null || amount === undefined ? '' : ` ${amount} ${unit}`
  return `${word('measure', kind)}${much}${document ? `（${document}）` : ''}`
}
const foundText = (findings: { code: string; name: string }[] = []) =>
  findings.map(({ code, name }) => (code ? `${name}（${code}）` : name)).join('\n')
const doneText = (measures: Measure[] = []) => measures.map(measureText).join('\n')

export function parts({ body, ...names }: CaseFile): Part[] {
  switch (body.kind) {
    case 'dispatch':
      return dispatchParts(body, names)
    case 'interception':
      return interceptionParts(body, names)
    case 'education':
      return educationParts(body, names)
    case 'watch_application':
      return watchParts(body, names)
    case 'hazard':
      return hazardParts(body, names)
  }
}

function dispatchParts(body: DispatchBody, names: Names): Part[] {
  const { order, report } = body
  const list: Part[] = [
    {
      title: t('case.order'),
      pictures: [],
      facts: [
        fact('case.order_text', order.order, { ...wide, is_strong: true }),
        fact('case.look_for', order.look_for, wide),
        fact('case.stand', spotText(order.spot), wide),
        fact('case.unit', unitOf(names, order.unit)),
        fact('case.person', personOf(names, order.assignee)),
        fact('case.ring', order.ring === 2 ? t('case.ring_2') : t('case.ring_1')),
        fact('case.until', when(order.until)),
        fact('case.ordered_by', personOf(names, body.ordered_by)),
        fact('case.signed_by', personOf(names, body.signed_by)),
        fact('case.on_site_at', when(body.on_site_at)),
        fact('case.reason', body.reason, wide),
      ],
    },
  ]
  if (report)
    list.push({
      title: t('case.report'),
      pictures: report.pictures ?? [],
      facts: [
        fact('act.outcome', word('road_outcome', report.outcome), { is_strong: true }),
        fact('act.verdict', word('verdict', report.verdict), { is_strong: true }),
        fact('act.at', when(report.at)),
        fact('act.spot', spotText(report.spot)),
        fact('case.reported_by', personOf(names, body.reported_by)),
        fact('act.note', report.note, wide),
        fact('act.findings', foundText(report.findings), wide),
        fact('act.measures', doneText(report.measures), wide),
        fact(
          'act.teaching',
          report.education && `${word('audience', report.education.audience)}：${report.education.topic}`,
          wide,
        ),
      ],
    })
  return list
}
function interceptionParts({ stop, stopped_by, disposed_by }: InterceptionBody, names: Names): Part[] {
  return [
    {
      title: t('case.stop'),
      pictures: stop.pictures ?? [],
      facts: [
        fact('act.findings', foundText(stop.findings), { ...wide, is_strong: true }),
        fact('act.at', when(stop.at)),
        fact('act.spot', spotText(stop.spot)),
        fact('case.unit', unitOf(names, stop.unit)),
        fact('case.stopped_by', personOf(names, stopped_by)),
        fact('act.note', stop.note, wide),
      ],
    },
    {
      title: t('case.disposal'),
      pictures: [],
      facts: stop.measures?.length
        ? [
            fact('act.measures', doneText(stop.measures), { ...wide, is_strong: true }),
            fact('case.disposed_by', personOf(names, disposed_by)),
          ]
        : [fact('act.measures', t('case.not_yet'), wide)],
    },
  ]
}
function educationParts({ lesson, taught_by, reason }: EducationBody, names: Names): Part[] {
  return [
    {
      title: t('case.lesson'),
      pictures: lesson.pictures ?? [],
      facts: [
        fact('case.topic', lesson.topic, { ...wide, is_strong: true }),
        fact('case.audience', word('audience', lesson.audience)),
        fact('case.people_count', lesson.people_count),
        fact('case.material', lesson.material),
        fact('case.local_case', lesson.local_case),
        fact('case.beside_penalty', lesson.is_beside_penalty ? t('word.yes') : t('word.no')),
        fact('act.at', when(lesson.at)),
        fact('act.spot', spotText(lesson.spot)),
        fact('case.unit', unitOf(names, lesson.unit)),
        fact('case.taught_by', personOf(names, taught_by)),
        fact('act.note', lesson.note, wide),
        fact('case.reason', reason, wide),
      ],
    },
  ]
}
function watchParts(body: WatchApplicationBody, names: Names): Part[] {
  const { application } = body
  return [
    {
      title: t('case.application'),
      pictures: [],
      facts: [
        fact('watch.reason', application.reason, { ...wide, is_strong: true }),
        fact('watch.basis', application.legal_basis, wide),
        fact('case.until', when(application.until)),
        fact('case.unit', unitOf(names, application.unit)),
        fact('watch.urgent', application.is_urgent ? t('word.yes') : t('word.no')),
        fact('watch.applied_by', personOf(names, body.applied_by)),
        fact('watch.reviewed_by', personOf(names, body.reviewed_by)),
        fact('watch.approved_by', personOf(names, body.approved_by)),
        fact('case.reason', body.reason, wide),
      ],
    },
  ]
}
function hazardParts(body: HazardBody, names: Names): Part[] {
  const { report, notice, rectification, acceptance } = body
  const list: Part[] = [
    {
      title: t('case.hazard'),
      pictures: report.pictures ?? [],
      facts: [
        fact('act.grade', word('hazard_grade', body.grade), { is_strong: true }),
        fact('act.spot', spotText(report.spot)),
        fact('case.unit', unitOf(names, report.unit)),
        fact('case.reported_by', personOf(names, body.reported_by)),
        fact('case.description', report.description, wide),
        fact('case.reason', body.reason, wide),
      ],
    },
  ]
  if (notice)
    list.push({
      title: t('case.notice', { number: notice.number }),
      pictures: [],
      facts: [
        fact('act.measure', notice.measure, wide),
        fact('act.rectifier', unitOf(names, notice.unit)),
        fact('act.deadline', when(notice.deadline)),
        fact('case.issued_by', personOf(names, notice.issued_by)),
      ],
    })
  if (rectification)
    list.push({
      title: t('case.rectification'),
      pictures: rectification.pictures,
      facts: [
        fact('act.done_what', rectification.note, wide),
        fact('case.by', personOf(names, rectification.by)),
        fact('act.at', when(rectification.at)),
      ],
    })
  if (acceptance)
    list.push({
      title: t('case.acceptance'),
      pictures: acceptance.pictures,
      facts: [
        fact('act.note', acceptance.note, wide),
        fact('case.by', personOf(names, acceptance.by)),
        fact('act.at', when(acceptance.at)),
        fact('case.distance', acceptance.distance_m === null ? null : `${acceptance.distance_m} m`),
      ],
    })
  return list
}
