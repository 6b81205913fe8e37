// Reader of `text/event-stream` (HTML standard, section 9.2.6): bytes in any pieces in, whole events out.

export interface SseEvent {
  name: string
  data: string
  /** The id in force at this event; what a reconnect sends as Last-Event-ID. */
  id: string
}

export class SseParser {
  private rest = ''
  private name = ''
  private data: string[] = []
  private id = ''

  push(text: string): SseEvent[] {
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/)
    this.rest = lines.pop() ?? ''
    const events: SseEvent[] = []
    for (const line of lines) {
      const event = this.line(line)
      if (event) events.push(event)
    }
    return events
  }

  private line(line: string): SseEvent | null {
    if (line === '') {
      const event = { name: this.name || 'message', data: this.data.join('\n'), id: this.id }
      const is_empty = this.data.length === 0
      this.name = ''
      this.data = []
      return is_empty ? null : event
    }
    const colon = line.indexOf(':')
    if (colon === 0) return null
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') this.name = value
    else if (field === 'data') this.data.push(value)
    else if (field === 'id' && !value.includes('\0')) this.id = value
    return null
  }
}
