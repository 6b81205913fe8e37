// What a report of a hazard says, what it lacks, and how it begins from a warning or another case.
import type { CaseBody, HazardGrade, HazardKind, HazardReport, HazardSource, Spot } from '@/api/case'
import type { Crash } from '@/api/crash'
import type { Theatre, WarningFile } from '@/api/types'
import { chainageText, readChainage } from '@/lib/chainage'

/** A place as it is filled in. */
export interface PlaceForm {
  lon: number | null
  lat: number | null
  route: string
  chainage: string
  place: string
}
export interface ReportForm extends PlaceForm {
  source: HazardSource
  hazard_kind: HazardKind
  category: string
  grade: HazardGrade
  title: string
  description: string
  answers: Record<string, string>
  theatre: Theatre | ''
  unit: number | null
  plate: string
  pictures: string[]
  contact: string
}
export const blankReport = (): ReportForm => ({
  source: 'patrol',
  hazard_kind: 'road',
  category: '',
  grade: 'general',
  title: '',
  description: '',
  answers: {},
  lon: null,
  lat: null,
  route: '',
  chainage: '',
  place: '',
  theatre: '',
  unit: null,
  plate: '',
  pictures: [],
  contact: '',
})

export type Lack = 'category' | 'title' | 'place' | 'unit' | 'chainage' | 'answer'
export function lacks(form: ReportForm, required: readonly string[]): Lack[] {
  const found: Lack[] = []
  if (!form.category) found.push('category')
  if (!form.title.trim()) found.push('title')
  if (form.hazard_kind === 'road' && form.lon === null && !describedPlace(form)) found.push('place')
  if (form.chainage.trim() && readChainage(form.chainage) === null) found.push('chainage')
  if (form.unit === null) found.push('unit')
  if (required.some((key) => !form.answers[key]?.trim())) found.push('answer')
  return found
}
/** A route with its post is a place; a road alone is none. */
export const describedPlace = (form: PlaceForm): boolean =>
  form.place.trim() !== '' || (form.route.trim() !== '' && readChainage(form.chainage) !== null)

export function spotOf(form: PlaceForm): Spot {
  return {
    at: form.lon !== null && form.lat !== null ? { lon: form.lon, lat: form.lat } : null,
    route: form.route.trim() || null,
    chainage_m: readChainage(form.chainage),
    // The server wants a point or words: a post on a road is said in words, too.
    description:
      form.place.trim() ||
      (form.lon === null ? [form.route.trim(), form.chainage.trim()].filter(Boolean).join(' ') : ''),
  }
}

export function reportOf(
  form: ReportForm,
  warning: string | null,
  asked: readonly string[],
  crash: string | null = null,
): HazardReport {
  return {
    warning,
    source: form.source,
    hazard_kind: form.hazard_kind,
    category: form.category,
    grade: form.grade,
    title: form.title.trim(),
    description: form.description.trim(),
    // Answers to another category's questions, typed before it was changed, are not sent.
    answers: asked.flatMap((question) => {
      const answer = form.answers[question]?.trim()
      return answer ? [{ question, answer }] : []
    }),
    spot: spotOf(form),
    theatre: form.theatre || null,
    unit: form.unit!,
    plate: form.plate.trim().toUpperCase() || null,
    pictures: [...form.pictures],
    contact: form.contact.trim(),
    ...(crash ? { crash } : {}),
  }
}

/** What a warning already says of the hazard behind it. */
export const fromWarning = ({ place, title, subject }: WarningFile): Partial<ReportForm> => ({
  source: 'warning',
  title,
  lon: place.lon,
  lat: place.lat,
  place: place.description ?? '',
  theatre: place.theatre ?? '',
  plate: subject.plate ?? '',
})
/** What a crash says of the hazard that it is owed to. */
export const fromCrash = (crash: Crash): Partial<ReportForm> => ({
  source: 'crash',
  lon: crash.lon,
  lat: crash.lat,
  route: crash.route ?? '',
  chainage: crash.chainage_m === null ? '' : chainageText(crash.chainage_m),
  place: crash.description,
  theatre: crash.theatre ?? '',
  unit: crash.unit?.id ?? null,
})
/** What a case on the road says of the hazard found there. */
export function fromCase(body: CaseBody): Partial<ReportForm> {
  const spot =
    body.kind === 'dispatch'
      ? (body.report?.spot ?? body.order.spot)
      : body.kind === 'interception'
        ? body.stop.spot
        : body.kind === 'education'
          ? body.lesson.spot
          : body.kind === 'hazard'
            ? body.report.spot
            : null
  return {
    lon: spot?.at?.lon ?? null,
    lat: spot?.at?.lat ?? null,
    route: spot?.route ?? '',
    chainage: typeof spot?.chainage_m === 'number' ? chainageText(spot.chainage_m) : '',
    place: spot?.description ?? '',
  }
}
