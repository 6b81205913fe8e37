// WGS-84 inside; GCJ-02 only over a basemap that is in it.
import { describe, expect, it } from 'vitest'
import { featuresToDatum, toDatum } from '@/lib/datum'

/** Metres between two near points. */
function metres([lon1, lat1]: readonly number[], [lon2, lat2]: readonly number[]): number {
  const east = (lon2! - lon1!) * 111_320 * Math.cos((lat1! * Math.PI) / 180)
  return Math.hypot(east, (lat2! - lat1!) * 110_540)
}

describe('datum', () => {
  it('leaves WGS-84 as it is', () => {
    expect(toDatum([118.84, 35.18], 'wgs84')).toEqual([118.84, 35.18])
  })
  it('agrees with the published example of coordtransform', () => {
    expect(metres(toDatum([116.404, 39.915], 'gcj02'), [116.41024449916938, 39.91640428150164])).toBeLessThan(1)
  })
  it('shifts a county by some hundred metres, not more', () => {
    const distance = metres([118.84, 35.18], toDatum([118.84, 35.18], 'gcj02'))
    expect(distance).toBeGreaterThan(300)
    expect(distance).toBeLessThan(800)
  })
  it('shifts nothing outside China', () => {
    expect(metres([24.94, 60.17], toDatum([24.94, 60.17], 'gcj02'))).toBeLessThan(1)
  })
  it('shifts every corner of GeoJSON and leaves the given one alone', () => {
    const given: GeoJSON.FeatureCollection = {
      type: 'FeatureCollection',
      features: [
        {
          type: 'Feature',
          properties: { a: 1 },
          geometry: {
            type: 'LineString',
            coordinates: [
              [118, 35],
              [119, 36],
            ],
          },
        },
        {
          type: 'Feature',
          properties: null,
          geometry: {
            type: 'Polygon',
            coordinates: [
              [
                [118, 35],
                [119, 35],
                [119, 36],
                [118, 35],
              ],
            ],
          },
        },
      ],
    }
    const before = structuredClone(given)
    const shifted = featuresToDatum(given, 'gcj02')
    expect(given).toEqual(before)
    expect(shifted.features[0]?.geometry).toEqual({
      type: 'LineString',
      coordinates: [toDatum([118, 35], 'gcj02'), toDatum([119, 36], 'gcj02')],
    })
    const polygon = shifted.features[1]?.geometry
    expect(polygon?.type === 'Polygon' && polygon.coordinates[0]?.[2]).toEqual(toDatum([119, 36], 'gcj02'))
  })
})
