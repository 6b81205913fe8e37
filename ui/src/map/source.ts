// What the map stands on, asked for once: where it looks, roads, places. A part that fails leaves the others.
import { api } from '@/api'
import type { MapConfig } from '@/api/types'
import { featuresToDatum, type Datum } from '@/lib/datum'

export interface Ground {
  config: MapConfig
  datum: Datum
  /** In the datum of the basemap. */
  roads: GeoJSON.FeatureCollection
  places: GeoJSON.FeatureCollection
  /** What could not be had, to be said on the map. */
  is_partial: boolean
}

const NOTHING: GeoJSON.FeatureCollection = { type: 'FeatureCollection', features: [] }
let ground: Promise<Ground> | null = null

export function loadGround(): Promise<Ground> {
  ground ??= fetchGround().catch((cause: unknown) => {
    ground = null
    throw cause
  })
  return ground
}

async function fetchGround(): Promise<Ground> {
  const [config, roads, places] = await Promise.all([
    api.mapConfig(),
    api.roads().catch(() => null),
    api.places().catch(() => null),
  ])
  const { datum } = config.basemap
  const is_partial = roads === null || places === null
  // A part that is missing now is asked for again the next time a map is opened.
  if (is_partial) ground = null
  return {
    config,
    datum,
    roads: featuresToDatum(roads ?? NOTHING, datum),
    places: featuresToDatum(places ?? NOTHING, datum),
    is_partial,
  }
}
