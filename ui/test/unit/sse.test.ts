// The event-stream reader, however the bytes are cut.
import { describe, expect, it } from 'vitest'
import { SseParser } from '@/live/sse'

const TEXT =
  ': keep-alive\n\nid: 7\nevent: warning\ndata: {"a":1}\n\nevent: figures\r\ndata: x\r\ndata: y\r\n\r\ndata\n\nevent: lost\n\n'

describe('event stream', () => {
  it('gives the same events for every cut', () => {
    const whole = new SseParser().push(TEXT)
    expect(whole).toEqual([
      { name: 'warning', data: '{"a":1}', id: '7' },
      { name: 'figures', data: 'x\ny', id: '7' },
      { name: 'message', data: '', id: '7' },
    ])
    for (let cut = 0; cut <= TEXT.length; cut++) {
      const parser = new SseParser()
      expect([...parser.push(TEXT.slice(0, cut)), ...parser.push(TEXT.slice(cut))]).toEqual(whole)
    }
  })
  it('waits for the end of an event', () => {
    const parser = new SseParser()
    expect(parser.push('data: half')).toEqual([])
    expect(parser.push('\n\n')).toEqual([{ name: 'message', data: 'half', id: '' }])
  })
})
