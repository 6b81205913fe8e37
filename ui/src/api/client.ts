// One door to the server: JSON over fetch with the session cookie, every failure turned into an `ApiError`.
import { language } from '@/i18n'
import type { Problem } from './types'

export type Query = Record<string, string | number | boolean | null | undefined>

/** A refusal by the server, or the lack of an answer (`status` 0, code `unreachable`). */
export class ApiError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail || problem.title)
    this.name = 'ApiError'
  }
  get status(): number {
    return this.problem.status
  }
  get code(): string {
    return this.problem.code
  }
}

type Listener = () => void
let unauthenticated: Listener = () => undefined
/** Calls `listener` whenever the server no longer knows the session. */
export function onUnauthenticated(listener: Listener): void {
  unauthenticated = listener
}

export function pathWithQuery(path: string, query: Query = {}): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') params.set(name, String(value))
  }
  const text = params.toString()
  return text ? `${path}?${text}` : path
}

function asProblem(status: number, body: unknown): Problem {
  const given = typeof body === 'object' && body !== null ? (body as Partial<Problem>) : {}
  return {
    type: given.type ?? 'about:blank',
    title: given.title ?? `HTTP ${status}`,
    status,
    detail: given.detail ?? '',
    code: given.code ?? `http_${status}`,
    request_id: given.request_id ?? '',
    errors: given.errors,
  }
}

/** `accepted` names statuses beside 2xx whose bodies are answers and not problems. */
export async function send(path: string, init: RequestInit = {}, accepted: readonly number[] = []): Promise<Response> {
  const headers = new Headers(init.headers)
  headers.set('Accept-Language', language.value)
  let response: Response
  try {
    response = await fetch(path, { ...init, headers, credentials: 'same-origin' })
  } catch (cause) {
    if (init.signal?.aborted) throw cause
    throw new ApiError(asProblem(0, { code: 'unreachable', title: '' }))
  }
  if (response.ok || accepted.includes(response.status)) return response
  const problem = asProblem(response.status, await response.json().catch(() => null))
  if (problem.code === 'unauthenticated' || problem.code === 'password_change_required') unauthenticated()
  throw new ApiError(problem)
}

async function json<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const init: RequestInit = { method, signal }
  if (body !== undefined) {
    init.body = JSON.stringify(body)
    init.headers = { 'Content-Type': 'application/json' }
  }
  const response = await send(path, init)
  return (response.status === 204 ? undefined : await response.json()) as T
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal) =>
  json<T>('GET', pathWithQuery(path, query), undefined, signal)
export const post = <T>(path: string, body?: unknown) => json<T>('POST', path, body)
export const put = <T>(path: string, body?: unknown) => json<T>('PUT', path, body)
export const patch = <T>(path: string, body?: unknown) => json<T>('PATCH', path, body)
export const remove = (path: string, body?: unknown): Promise<void> => json('DELETE', path, body)
