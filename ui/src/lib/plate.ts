// How a plate is drawn (GA 36-2018): colour, dot, rows, and which characters are in doubt.
import type { PlateColor } from '@/api/types'

export interface PlateCharacter {
  text: string
  is_doubtful: boolean
}
export interface PlateDrawing {
  color: PlateColor | 'unknown'
  /** One or two rows. In a single row the dot stands after the second character. */
  rows: PlateCharacter[][]
  has_dot: boolean
}

/** Plate classes (GA/T 16.7) whose plates have two rows: trailers and motorcycles. Rear plates of large vehicles too,
 * but a camera mostly sees the front, so those stay in one row. */
const TWO_ROW_CLASSES = new Set(['07', '08', '09', '10', '11', '12', '15', '17', '19', '21', '24'])
const NO_PLATE = new Set(['', '无牌', '无车牌', '未知', '车牌', '00000000'])
const COLORS = new Set<string>(['blue', 'yellow', 'green', 'yellow_green', 'white', 'black'])

export const hasPlate = (text: string | null | undefined): text is string => !!text && !NO_PLATE.has(text)

/** A guess from the plate alone, for places where the colour was not read: eight characters are new-energy plates. */
export function likelyColor(text: string): PlateColor | 'unknown' {
  const characters = [...text]
  if (text.endsWith('警') || text.startsWith('WJ')) return 'white'
  if (characters.length === 8) return /^\d/.test(characters[2] ?? '') && /[A-Z]$/.test(text) ? 'yellow_green' : 'green'
  if (/[学挂]$/.test(text)) return 'yellow'
  if (/[港澳使领]$/.test(text)) return 'black'
  return characters.length === 7 ? 'blue' : 'unknown'
}

export function drawPlate(
  text: string,
  options: { color?: string | null; plate_class?: string | null; doubtful?: readonly number[] } = {},
): PlateDrawing {
  const doubtful = new Set(options.doubtful ?? [])
  const characters = [...text.replace(/[\s·.]/g, '')].map((character, index) => ({
    text: character,
    is_doubtful: doubtful.has(index) || character === '?' || character === '*',
  }))
  const color = options.color && COLORS.has(options.color) ? (options.color as PlateColor) : likelyColor(text)
  const has_two_rows = TWO_ROW_CLASSES.has(options.plate_class ?? '') && characters.length > 4
  const rows = has_two_rows ? [characters.slice(0, 2), characters.slice(2)] : [characters]
  return { color, rows, has_dot: characters.length >= 6 && color !== 'unknown' }
}

/** 0-based positions at which two readings differ; where lengths differ, the rest of the longer one. */
export function differences(read: string, truth: string): number[] {
  const a = [...read]
  const b = [...truth]
  const found: number[] = []
  for (let index = 0; index < Math.max(a.length, b.length); index++) if (a[index] !== b[index]) found.push(index)
  return found
}
