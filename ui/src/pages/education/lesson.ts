// A record of education while it is written, and a real case of the neighbourhood to tell of, where the server offers one.
import type { Audience, CaseBody, Lesson } from '@/api/case'
import { ApiError, get } from '@/api/client'
import type { Theatre } from '@/api/types'
import { fieldOf, instantOf } from '@/lib/time'

/** Written into the record as they stand, in Chinese whatever the language of the page. */
export const TOPICS: readonly { key: string; name: string }[] = [
  { key: 'three_wheeler', name: '三轮车、货车严禁违法载人' },
  { key: 'helmet', name: '骑乘摩托车、电动车佩戴安全头盔' },
  { key: 'belt', name: '全程使用安全带' },
  { key: 'fatigue', name: '疲劳驾驶的危害' },
  { key: 'drink', name: '喝酒不开车，开车不喝酒' },
  { key: 'overload', name: '超员、超限超载的危害' },
  { key: 'night', name: '夜间出行看得见、被看见' },
  { key: 'crossing', name: '过路口一停二看三通过' },
]

export interface LessonForm {
  audience: Audience
  topic: string
  material: string
  people_count: number
  unit: number | null
  at: string
  lon: number | null
  lat: number | null
  place: string
  is_beside_penalty: boolean
  local_case: string
  pictures: string[]
  note: string
  theatre: Theatre | ''
}
export const blankLesson = (now_ms: number): LessonForm => ({
  audience: 'villager',
  topic: '',
  material: '',
  people_count: 1,
  unit: null,
  at: fieldOf(now_ms),
  lon: null,
  lat: null,
  place: '',
  is_beside_penalty: false,
  local_case: '',
  pictures: [],
  note: '',
  theatre: '',
})
export function lessonOf(form: LessonForm, warning: string | null): Lesson {
  return {
    warning,
    audience: form.audience,
    topic: form.topic.trim(),
    material: form.material.trim(),
    people_count: form.people_count,
    unit: form.unit!,
    at: instantOf(form.at)!,
    spot: {
      at: form.lon !== null && form.lat !== null ? { lon: form.lon, lat: form.lat } : null,
      description: form.place.trim(),
    },
    is_beside_penalty: form.is_beside_penalty,
    local_case: form.local_case || null,
    pictures: [...form.pictures],
    note: form.note.trim(),
    theatre: form.theatre || null,
  }
}
/** Beside a penalty the record begins with what is known of the stop. */
export function fromCase(body: CaseBody): Partial<LessonForm> {
  if (body.kind === 'interception') {
    const { stop } = body
    return {
      topic: (stop.findings ?? []).map((it) => it.name).join('、'),
      place: stop.spot?.description ?? '',
      lon: stop.spot?.at?.lon ?? null,
      lat: stop.spot?.at?.lat ?? null,
      is_beside_penalty: true,
      theatre: stop.theatre ?? '',
      audience: 'driver',
    }
  }
  if (body.kind === 'dispatch')
    return { place: body.order.spot?.description ?? '', audience: 'driver', theatre: body.order.theatre ?? '' }
  return {}
}

export interface LocalCase {
  text: string
}
/** Masked by the server. One that does not offer it, or has none, answers 404: then nothing is suggested. */
export async function localCase(audience: Audience): Promise<LocalCase | null> {
  try {
    const found = await get<LocalCase | null>('/api/v1/educations/local-case', { audience })
    return found?.text ? found : null
  } catch (cause) {
    if (cause instanceof ApiError) return null
    throw cause
  }
}
