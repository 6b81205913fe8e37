// The colours of the page meet WCAG 2.2 AA on the surfaces they stand on, light and dark.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const css = readFileSync(new URL('../../src/styles/tokens.css', import.meta.url), 'utf8')
function tokens(selector: string): Record<string, string> {
  const block = css.slice(css.indexOf(`${selector} {`)).split('}')[0]!
  return Object.fromEntries(
    [...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/gi)].map(([, name, value]) => [name!, value!]),
  )
}
/** WCAG 2.2 relative luminance. */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!
}
function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (light! + 0.05) / (dark! + 0.05)
}

const TEXT_CONTRAST_MIN = 4.5
describe.each([
  ['light', tokens(':root')],
  ['dark', { ...tokens(':root'), ...tokens(':root.dark') }],
])('%s', (_, color) => {
  const surfaces = ['surface', 'surface-sunken', 'surface-raised', 'surface-hover', 'surface-selected']
  const texts = ['text', 'text-soft', 'accent', 'high', 'medium', 'low', 'good']
  const pairs = [
    ...texts.flatMap((text) => surfaces.map((surface) => [text, surface])),
    ['medium', 'medium-soft'],
    ['text', 'medium-soft'],
    ['text', 'high-soft'],
    ['accent-text', 'accent'],
    ['surface', 'high'],
  ] as [string, string][]
  it.each(pairs)('%s on %s', (text, surface) => {
    expect(contrast(color[text]!, color[surface]!)).toBeGreaterThanOrEqual(TEXT_CONTRAST_MIN)
  })
})
