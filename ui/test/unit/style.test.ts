// The map's style is valid for every kind of basemap and theme, and without one it asks nobody for anything.
import { validateStyleMin } from '@maplibre/maplibre-gl-style-spec'
import { describe, expect, it } from 'vitest'
import type { MapConfig } from '@/api/types'
import { buildStyle, workLayers, type BasemapKind } from '@/map/style'
import type { Ground } from '@/map/source'

const NOTHING: GeoJSON.FeatureCollection = { type: 'FeatureCollection', features: [] }
function ground(kind: MapConfig['basemap']['kind'], url: string | null): Ground {
  return {
    config: {
      center: { lon: 118.8, lat: 35.2 },
      bounds: [118.5, 35, 119.2, 35.4],
      basemap: { kind, url, datum: 'gcj02', attribution: null },
    },
    datum: 'gcj02',
    roads: NOTHING,
    places: NOTHING,
    is_partial: false,
  }
}
const KINDS: [BasemapKind, Ground][] = [
  ['none', ground('none', null)],
  ['raster', ground('raster', 'https://tiles.example/{z}/{x}/{y}.png')],
  ['pmtiles-vector', ground('pmtiles', '/map/basemap.pmtiles')],
  ['pmtiles-raster', ground('pmtiles', '/map/basemap.pmtiles')],
]

describe.each(['light', 'dark'] as const)('style, %s', (theme) => {
  it.each(KINDS)('is valid with basemap %s', (kind, on) => {
    const style = buildStyle(on, theme, kind)
    const data = { type: 'geojson', data: NOTHING } as const
    const whole = {
      ...style,
      sources: { ...style.sources, checkpoints: data, warnings: data, track: data },
      layers: [...style.layers, ...workLayers(theme)],
    }
    // The style has text but no glyph server on purpose: the map draws letters from the fonts of the computer.
    const faults = validateStyleMin(whole).map((it) => it.message)
    expect(faults.filter((it) => !it.includes('"glyphs"'))).toEqual([])
  })

  it('names no address when there is no basemap', () => {
    expect(JSON.stringify(buildStyle(ground('none', null), theme, 'none'))).not.toMatch(
      /https?:|pmtiles:|"(glyphs|sprite)"/,
    )
  })
})
