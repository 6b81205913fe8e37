// Commands: what is posted and must happen once, however often it is sent. The server knows a repeat by its key.
import { ApiError, send } from '@/api/client'

/** Waits before a command without an answer is sent again. A person watches, so not for long. */
const RETRY_MS: readonly number[] = [600, 1800, 4000]
/** Answers of a server that is just starting, or of what stands before it: nothing was decided. */
const UNDECIDED = new Set([0, 502, 503, 504])

/** A random identity (RFC 9562, version 4). `crypto.randomUUID` is there only over HTTPS, and a county's network often has none. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** Keeps one key for one command: the same content has the same key until it was done; other content is another command. */
export class CommandKey {
  private content = ''
  private key = ''

  for(command: unknown): string {
    const content = JSON.stringify(command)
    if (content !== this.content || !this.key) {
      this.content = content
      this.key = newKey()
    }
    return this.key
  }
  done(): void {
    this.content = this.key = ''
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** Posts a command; where no answer comes it is sent again with the same key. */
export async function postCommand<T>(
  path: string,
  body: unknown,
  key: string,
  waits: readonly number[] = RETRY_MS,
): Promise<T> {
  const init: RequestInit = {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
  }
  for (let attempt = 0; ; attempt++) {
    try {
      const answer = await send(path, init)
      return (answer.status === 204 ? undefined : await answer.json()) as T
    } catch (cause) {
      const wait_ms = waits[attempt]
      if (wait_ms === undefined || !(cause instanceof ApiError) || !UNDECIDED.has(cause.status)) throw cause
      await pause(wait_ms)
    }
  }
}
