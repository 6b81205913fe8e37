// A condition cut into pieces for drawing: words by kind, and the places that the server calls wrong.
import type { ConditionError } from '@/api/types'

export type PieceKind = 'text' | 'number' | 'word' | 'function' | 'sign' | 'comment' | 'plain'
export interface Piece {
  text: string
  kind: PieceKind
  /** 0-based index of the error that covers it, or -1. */
  error: number
}

const TOKENS =
  /(?<comment>\/\/[^\n]*)|(?<text>"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?)|(?<number>\b\d+(?:\.\d+)?\b)|(?<function>\b[A-Za-z_]\w*(?=\s*\())|(?<word>\b[A-Za-z_][\w.]*)|(?<sign>&&|\|\||[=!<>]=|[-+*/%!<>?:,.()[\]])/gu

interface Span {
  start: number
  end: number
  kind: PieceKind
}
/** Tokens and what lies between them, in UTF-16 positions. */
function spans(text: string): Span[] {
  const found: Span[] = []
  let end = 0
  const plain = (until: number) => until > end && found.push({ start: end, end: until, kind: 'plain' })
  for (const match of text.matchAll(TOKENS)) {
    plain(match.index)
    const [kind] = Object.entries(match.groups ?? {}).find(([, value]) => value !== undefined) ?? ['plain']
    end = match.index + match[0].length
    found.push({ start: match.index, end, kind: kind as PieceKind })
  }
  plain(text.length)
  return found
}

/** The server counts characters, a text field counts UTF-16 units. */
export function errorRange(text: string, error: Pick<ConditionError, 'offset' | 'length'>): [number, number] {
  const characters = [...text]
  const start = characters.slice(0, error.offset).join('').length
  const length = characters.slice(error.offset, error.offset + Math.max(1, error.length)).join('').length
  return [start, Math.min(text.length, start + length)]
}

/** Pieces in order; together they are the text again. */
export function pieces(text: string, errors: readonly ConditionError[]): Piece[] {
  const ranges = errors.map((error) => errorRange(text, error))
  const cuts = [...new Set(ranges.flat())].sort((a, b) => a - b)
  return spans(text).flatMap(({ start, end, kind }) => {
    const edges = [start, ...cuts.filter((cut) => cut > start && cut < end), end]
    return edges.slice(1).map((edge, index) => {
      const from = edges[index]!
      return {
        text: text.slice(from, edge),
        kind,
        error: ranges.findIndex(([first, last]) => from >= first && from < last),
      }
    })
  })
}
