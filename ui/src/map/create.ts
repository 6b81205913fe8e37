// One way to make a map, for the large one and the small ones.
import 'maplibre-gl/dist/maplibre-gl.css'
import { addProtocol, Map as MapLibreMap, setWorkerUrl, type LngLatBoundsLike } from 'maplibre-gl'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url'
import { toDatum, type Position } from '@/lib/datum'
import type { Theme } from '@/theme'
import { addIcons } from './icons'
import type { Ground } from './source'
import { buildStyle, type BasemapKind } from './style'

setWorkerUrl(workerUrl)

let kinds: Promise<BasemapKind> | null = null
/** What the configured basemap is; without a readable one the roads stand alone. */
function basemapKind({ config: { basemap } }: Ground): Promise<BasemapKind> {
  kinds ??= (async () => {
    if (basemap.kind === 'none' || !basemap.url) return 'none'
    if (basemap.kind === 'raster') return 'raster'
    const { PMTiles, Protocol, TileType } = await import('pmtiles')
    const file = new PMTiles(new URL(basemap.url, location.href).href)
    const protocol = new Protocol()
    protocol.add(file)
    addProtocol('pmtiles', protocol.tile)
    const { tileType } = await file.getHeader()
    return tileType === TileType.Mvt ? 'pmtiles-vector' : 'pmtiles-raster'
  })().catch(() => 'none')
  return kinds
}

export function bounds(ground: Ground): LngLatBoundsLike {
  const [west, south, east, north] = ground.config.bounds
  return [toDatum([west, south], ground.datum), toDatum([east, north], ground.datum)]
}

export interface MapView {
  center?: Position
  zoom?: number
}

export async function createMap(
  container: HTMLElement,
  ground: Ground,
  theme: Theme,
  view: MapView = {},
): Promise<MapLibreMap> {
  const kind = await basemapKind(ground)
  const map = new MapLibreMap({
    container,
    style: buildStyle(ground, theme, kind),
    ...(view.center
      ? { center: toDatum(view.center, ground.datum), zoom: view.zoom ?? 13 }
      : { bounds: bounds(ground), fitBoundsOptions: { padding: 24 } }),
    minZoom: 6,
    maxZoom: 18,
    attributionControl: ground.config.basemap.attribution ? { compact: true } : false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    fadeDuration: 0,
    cooperativeGestures: false,
    locale: {},
  })
  map.touchZoomRotate.disableRotation()
  map.keyboard.disable()
  await new Promise<void>((resolve) => map.once('style.load', () => resolve()))
  addIcons(map, theme)
  return map
}

/** Repaints everything for the other theme; layers of the caller are added again by `after`. */
export async function changeTheme(map: MapLibreMap, ground: Ground, theme: Theme, after: () => void): Promise<void> {
  const kind = await basemapKind(ground)
  map.once('style.load', () => {
    addIcons(map, theme)
    after()
  })
  map.setStyle(buildStyle(ground, theme, kind), { diff: false })
}
