// Which column is what: pure, so that it can be tested without a page.
import type { FileMapping } from '@/api/types'

export type Kind = 'passage' | 'position'

const SHARED = ['captured_at', 'date', 'time_of_day'] as const
/** In the order of the mapping page. */
export const FIELDS: Record<Kind, readonly string[]> = {
  passage: [
    ...SHARED,
    'checkpoint',
    'plate',
    'plate_class',
    'plate_color',
    'plate_confidence',
    'lane',
    'direction',
    'speed_kmh',
    'vehicle_type',
    'body_color',
  ],
  position: [
    ...SHARED,
    'plate',
    'plate_class',
    'plate_color',
    'terminal',
    'lon',
    'lat',
    'speed_kmh',
    'heading_deg',
    'altitude_m',
    'mileage_km',
  ],
}

/** The field that a column is mapped to; empty when it is left out. */
export const fieldOf = (mapping: FileMapping, column: number): string =>
  Object.entries(mapping.columns).find(([, at]) => at === column)?.[0] ?? ''

const has = (mapping: FileMapping, field: string): boolean =>
  field in mapping.columns || Boolean(mapping.constants?.[field])

const without = <V>(of: Record<string, V> | undefined, ...names: readonly string[]): Record<string, V> =>
  Object.fromEntries(Object.entries(of ?? {}).filter(([name]) => !names.includes(name)))

/** With a value under a name; an empty one is none. */
const withText = (of: Record<string, string> | undefined, name: string, text: string): Record<string, string> =>
  text.trim() ? { ...of, [name]: text.trim() } : without(of, name)

/** Fields that exclude a field: one column for the moment, or two for day and time. */
function rivals(field: string): string[] {
  if (field === 'captured_at') return ['date', 'time_of_day']
  return field === 'date' || field === 'time_of_day' ? ['captured_at'] : []
}

/** The mapping with a column as `field` and nothing else; whoever had that field loses it. */
export function assign(mapping: FileMapping, column: number, field: string): FileMapping {
  const columns = without(mapping.columns, field, fieldOf(mapping, column), ...rivals(field))
  if (field) columns[field] = column
  return { ...mapping, columns, constants: without(mapping.constants, field) }
}

/** The mapping with one value for all rows. */
export const fix = (mapping: FileMapping, field: string, value: string): FileMapping => ({
  ...mapping,
  constants: withText(mapping.constants, field, value),
})

/** The mapping with a word of the other system translated; an empty meaning leaves the word as it is. */
export const translate = (mapping: FileMapping, field: string, from: string, to: string): FileMapping => ({
  ...mapping,
  translations: { ...mapping.translations, [field]: withText(mapping.translations?.[field], from, to) },
})

/** Other fields belong to the other kind. */
export function turnInto(mapping: FileMapping, kind: Kind): FileMapping {
  const keep = <V>(of: Record<string, V> | undefined) =>
    Object.fromEntries(Object.entries(of ?? {}).filter(([field]) => FIELDS[kind].includes(field)))
  return {
    ...mapping,
    kind,
    columns: keep(mapping.columns),
    constants: keep(mapping.constants),
    translations: keep(mapping.translations),
  }
}

/** Fields without which no row can be used. */
export function missing(mapping: FileMapping): string[] {
  const lacks: string[] = []
  const is_parted = has(mapping, 'date') || has(mapping, 'time_of_day')
  if (!has(mapping, 'captured_at')) lacks.push(...(is_parted ? ['date', 'time_of_day'] : ['captured_at']))
  if (mapping.kind === 'passage') lacks.push('checkpoint', 'plate')
  else lacks.push('lon', 'lat', ...(has(mapping, 'terminal') ? [] : ['plate']))
  return lacks.filter((field) => !has(mapping, field))
}

/** `1.2 GB`, in units of 1,024 as operating systems show it. */
export function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB']
  let [size, unit] = [bytes, 0]
  while (size >= 1024 && unit < units.length - 1) [size, unit] = [size / 1024, unit + 1]
  return `${size >= 100 || size % 1 === 0 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`
}
