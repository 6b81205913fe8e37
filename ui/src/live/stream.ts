// The one live connection to the server. Read by fetch and not by EventSource: an EventSource that must be opened anew
// (after a 503, or when a cable was pulled and nothing comes) forgets its Last-Event-ID, and warnings would be missed.
import type { LiveEvent, LiveEvents } from '@/api/types'
import { language } from '@/i18n'
import { SseParser } from './sse'

export type LinkStatus = 'connecting' | 'open' | 'lost'

export interface StreamOptions {
  url: string
  on_event: (event: LiveEvent) => void
  on_status: (status: LinkStatus) => void
  /** The session is gone: stop and let the page ask for a login. */
  on_refused: () => void
}

/** Figures come every second, so this much silence means that the connection is dead. */
const SILENCE_MS_MAX = 8_000
const RETRY_MS_FIRST = 500
const RETRY_MS_MAX = 10_000

export class LiveStream {
  private last_event_id = ''
  private retry_ms = RETRY_MS_FIRST
  private abort: AbortController | null = null
  private timer = 0
  private is_stopped = false

  constructor(private readonly options: StreamOptions) {}

  start(): void {
    this.is_stopped = false
    this.options.on_status('connecting')
    void this.read()
  }

  stop(): void {
    this.is_stopped = true
    clearTimeout(this.timer)
    this.abort?.abort()
  }

  /** Opens it anew at once, e.g. in another language. */
  reopen(): void {
    this.retry_ms = 0
    this.abort?.abort()
  }

  /** Tries at once, e.g. when the computer wakes up or the network is back. */
  retryNow(): void {
    if (this.is_stopped || this.timer === 0) return
    clearTimeout(this.timer)
    this.timer = 0
    void this.read()
  }

  private async read(): Promise<void> {
    const abort = (this.abort = new AbortController())
    let watchdog = 0
    const heard = () => {
      clearTimeout(watchdog)
      watchdog = window.setTimeout(() => abort.abort(), SILENCE_MS_MAX)
    }
    try {
      heard()
      const headers: Record<string, string> = { Accept: 'text/event-stream', 'Accept-Language': language.value }
      if (this.last_event_id) headers['Last-Event-ID'] = this.last_event_id
      const response = await fetch(this.options.url, { headers, signal: abort.signal, cache: 'no-store' })
      if (response.status === 401 || response.status === 403) {
        this.is_stopped = true
        this.options.on_refused()
        return
      }
      if (!response.ok || !response.body) throw new Error(`live stream answered ${response.status}`)
      const parser = new SseParser()
      const decoder = new TextDecoder()
      const reader = response.body.getReader()
      for (;;) {
        const { done, value } = await reader.read()
        if (done) break
        heard()
        for (const event of parser.push(decoder.decode(value, { stream: true }))) this.take(event)
      }
    } catch {
      // Lost, refused for now, or silent: all end in the same retry.
    } finally {
      clearTimeout(watchdog)
    }
    if (!this.is_stopped) this.retryLater()
  }

  private take(event: { name: string; data: string; id: string }): void {
    let data: unknown
    try {
      data = JSON.parse(event.data)
    } catch {
      return
    }
    if (event.name === 'hello') {
      // Until a warning has come, what is missed is what follows the number the server stood at.
      this.last_event_id ||= String((data as LiveEvents['hello']).seq)
      this.retry_ms = RETRY_MS_FIRST
      this.options.on_status('open')
    }
    this.options.on_event({ name: event.name, data } as LiveEvent)
    // Only after it was taken: what failed half-way comes again, and taking it twice changes nothing.
    if (event.id) this.last_event_id = event.id
  }

  private retryLater(): void {
    this.options.on_status('lost')
    // A spread of a quarter keeps a room of screens from coming back in step.
    const wait_ms = this.retry_ms * (0.75 + Math.random() / 2)
    this.retry_ms = Math.min(this.retry_ms * 2, RETRY_MS_MAX)
    this.timer = window.setTimeout(() => {
      this.timer = 0
      void this.read()
    }, wait_ms)
  }
}
