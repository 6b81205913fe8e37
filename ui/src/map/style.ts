// The map's style: no address outside this server. Text is drawn from the computer's own fonts (no glyph server).
import type { ExpressionSpecification, LayerSpecification, SourceSpecification, StyleSpecification } from 'maplibre-gl'
import type { RoadClass } from '@/api/types'
import type { Theme } from '@/theme'
import { PALETTES, type Palette } from './palette'
import type { Ground } from './source'

const FONTS = ['PingFang SC, Microsoft YaHei, Noto Sans CJK SC, sans-serif']
const FONTS_BOLD = ['PingFang SC Bold, Microsoft YaHei Bold, Noto Sans CJK SC Bold, sans-serif']

/** Widths in pixels at zoom 8, 12 and 16; the order is the order of drawing. */
const ROADS: Record<RoadClass, { rank: number; widths: [number, number, number] }> = {
  village: { rank: 0, widths: [0, 0.7, 5] },
  street: { rank: 1, widths: [0, 1, 9] },
  township: { rank: 2, widths: [0.2, 1.4, 8] },
  county: { rank: 3, widths: [0.6, 2.2, 11] },
  provincial: { rank: 4, widths: [1.2, 3.2, 14] },
  national: { rank: 5, widths: [1.6, 4, 17] },
  expressway: { rank: 6, widths: [2, 5, 20] },
}
const SHIELDS: Partial<Record<RoadClass, string>> = {
  expressway: 'shield-expressway',
  national: 'shield-national',
  provincial: 'shield-provincial',
}
const CLASSES = Object.keys(ROADS) as RoadClass[]

function byClass<V extends string | number>(value: (road: RoadClass) => V, fallback: V): ExpressionSpecification {
  const pairs = CLASSES.flatMap((road) => [road, value(road)])
  return ['match', ['get', 'class'], ...pairs, fallback] as unknown as ExpressionSpecification
}
function width(extra: number): ExpressionSpecification {
  const at = (step: 0 | 1 | 2) => byClass((road) => ROADS[road].widths[step] && ROADS[road].widths[step] + extra, 1)
  return ['interpolate', ['exponential', 1.5], ['zoom'], 8, at(0), 12, at(1), 16, at(2)]
}

const line = { 'line-cap': 'round', 'line-join': 'round' } as const
const rank = byClass((road) => ROADS[road].rank, 0)

function basemapLayers(palette: Palette): LayerSpecification[] {
  // Protomaps' names of layers; other tile sets show what they share with them.
  const from = { source: 'basemap' }
  return [
    { id: 'base-green', type: 'fill', ...from, 'source-layer': 'landuse', paint: { 'fill-color': palette.green } },
    { id: 'base-water', type: 'fill', ...from, 'source-layer': 'water', paint: { 'fill-color': palette.water } },
    {
      id: 'base-building',
      type: 'fill',
      ...from,
      'source-layer': 'buildings',
      minzoom: 13,
      paint: { 'fill-color': palette.building },
    },
    {
      id: 'base-road',
      type: 'line',
      ...from,
      'source-layer': 'roads',
      paint: { 'line-color': palette.casing, 'line-width': 1 },
    },
  ]
}

const absolute = (url: string): string => new URL(url, globalThis.location?.href ?? 'http://localhost').href

function basemap(ground: Ground, kind: BasemapKind): SourceSpecification | null {
  const { url, attribution } = ground.config.basemap
  if (!url || kind === 'none') return null
  const credit = attribution ?? ''
  if (kind === 'raster') return { type: 'raster', tiles: [url], tileSize: 256, attribution: credit }
  const address = `pmtiles://${absolute(url)}`
  return kind === 'pmtiles-vector'
    ? { type: 'vector', url: address, attribution: credit }
    : { type: 'raster', url: address, tileSize: 256, attribution: credit }
}

/** Numbers of roads, the lesser ones only when there is room for them. */
function refLayers(): LayerSpecification[] {
  const steps: [string, number, RoadClass[]][] = [
    ['ref-major', 8.5, ['expressway', 'national', 'provincial']],
    ['ref-county', 12.3, ['county']],
    ['ref-township', 13.6, ['township', 'village']],
  ]
  return steps.map(([id, minzoom, classes]) => ({
    id,
    type: 'symbol',
    source: 'roads',
    minzoom,
    filter: ['all', ['to-boolean', ['get', 'ref']], ['in', ['get', 'class'], ['literal', classes]]],
    layout: {
      'symbol-placement': 'line',
      'symbol-spacing': 340,
      'text-field': ['get', 'ref'],
      'text-font': FONTS_BOLD,
      'text-size': 10.5,
      'text-rotation-alignment': 'viewport',
      'icon-image': byClass<string>((road) => SHIELDS[road] ?? 'shield-lesser', 'shield-lesser'),
      'icon-text-fit': 'both',
      'icon-text-fit-padding': [1.5, 4, 1, 4],
      'icon-rotation-alignment': 'viewport',
    },
    paint: { 'text-color': ['match', ['get', 'class'], ['expressway', 'national'], '#ffffff', '#1b2430'] },
  }))
}

/** A PMTiles file holds pictures or vectors; its head says which. */
export type BasemapKind = 'none' | 'raster' | 'pmtiles-vector' | 'pmtiles-raster'

export function buildStyle(ground: Ground, theme: Theme, kind: BasemapKind): StyleSpecification {
  const palette = PALETTES[theme]
  const base = basemap(ground, kind)
  const is_bare = base === null
  const polygon: ExpressionSpecification = ['==', ['geometry-type'], 'Polygon']
  const isPlace = (kind: string): ExpressionSpecification => ['==', ['get', 'kind'], kind]
  const text = { 'text-color': palette.label, 'text-halo-color': palette.halo, 'text-halo-width': 1.6 }

  return {
    version: 8,
    sources: {
      ...(base ? { basemap: base } : {}),
      roads: { type: 'geojson', data: ground.roads },
      places: { type: 'geojson', data: ground.places },
    },
    layers: [
      { id: 'background', type: 'background', paint: { 'background-color': palette.outside } },
      ...(kind === 'raster' || kind === 'pmtiles-raster'
        ? [
            {
              id: 'basemap',
              type: 'raster',
              source: 'basemap',
              paint: theme === 'dark' ? { 'raster-brightness-max': 0.55, 'raster-saturation': -0.4 } : {},
            } as LayerSpecification,
          ]
        : []),
      ...(is_bare
        ? [
            {
              id: 'ground',
              type: 'fill',
              source: 'places',
              filter: polygon,
              paint: { 'fill-color': palette.ground },
            } as LayerSpecification,
          ]
        : []),
      ...(kind === 'pmtiles-vector' ? basemapLayers(palette) : []),
      {
        id: 'road-casing',
        type: 'line',
        source: 'roads',
        layout: { ...line, 'line-sort-key': rank },
        paint: { 'line-color': palette.casing, 'line-width': width(1.6), 'line-opacity': is_bare ? 1 : 0.5 },
      },
      {
        id: 'road',
        type: 'line',
        source: 'roads',
        layout: { ...line, 'line-sort-key': rank },
        paint: {
          'line-color': byClass((road) => palette.roads[road], palette.roads.village),
          'line-width': width(0),
          'line-opacity': is_bare ? 1 : 0.75,
        },
      },
      {
        id: 'boundary',
        type: 'line',
        source: 'places',
        filter: polygon,
        paint: { 'line-color': palette.boundary, 'line-width': 1.6, 'line-dasharray': [5, 2.5, 1, 2.5] },
      },
      ...refLayers(),
      {
        id: 'road-name',
        type: 'symbol',
        source: 'roads',
        minzoom: 12.5,
        filter: ['to-boolean', ['get', 'name']],
        layout: {
          'symbol-placement': 'line',
          'symbol-spacing': 380,
          'text-field': ['get', 'name'],
          'text-font': FONTS,
          'text-size': 11.5,
          'text-max-angle': 30,
        },
        paint: { ...text, 'text-color': palette.label_soft },
      },
      {
        id: 'village',
        type: 'symbol',
        source: 'places',
        minzoom: 11.6,
        filter: isPlace('village'),
        layout: { 'text-field': ['get', 'name'], 'text-font': FONTS, 'text-size': 11, 'text-padding': 6 },
        paint: { ...text, 'text-color': palette.label_soft },
      },
      {
        id: 'township',
        type: 'symbol',
        source: 'places',
        minzoom: 8.5,
        filter: isPlace('township'),
        layout: {
          'text-field': ['get', 'name'],
          'text-font': FONTS,
          'text-size': ['interpolate', ['linear'], ['zoom'], 9, 11.5, 13, 15],
        },
        paint: text,
      },
      {
        id: 'county',
        type: 'symbol',
        source: 'places',
        filter: isPlace('county'),
        layout: {
          'text-field': ['get', 'name'],
          'text-font': FONTS_BOLD,
          'text-size': ['interpolate', ['linear'], ['zoom'], 8, 14, 12, 20],
          'text-letter-spacing': 0.12,
        },
        paint: text,
      },
    ],
  }
}

/** Layers over the roads for what is at work: checkpoints, and places of warnings that can be acted on. */
export function workLayers(theme: Theme): LayerSpecification[] {
  const palette = PALETTES[theme]
  const text = { 'text-color': palette.label, 'text-halo-color': palette.halo, 'text-halo-width': 1.6 }
  return [
    {
      id: 'track',
      type: 'line',
      source: 'track',
      layout: line,
      paint: { 'line-color': palette.vehicle, 'line-width': 4, 'line-opacity': 0.75 },
    },
    {
      id: 'checkpoint',
      type: 'symbol',
      source: 'checkpoints',
      layout: {
        'icon-image': ['concat', 'checkpoint-', ['get', 'state']],
        'icon-size': ['interpolate', ['linear'], ['zoom'], 8, 0.6, 12, 1],
        'icon-allow-overlap': true,
        'icon-ignore-placement': true,
        'symbol-sort-key': ['match', ['get', 'state'], 'offline', 2, 'silent', 1, 0],
      },
    },
    {
      id: 'checkpoint-name',
      type: 'symbol',
      source: 'checkpoints',
      minzoom: 11.6,
      layout: {
        'text-field': ['get', 'name'],
        'text-font': FONTS,
        'text-size': 11.5,
        'text-anchor': 'top',
        'text-offset': [0, 0.9],
        'text-max-width': 9,
      },
      paint: text,
    },
    {
      id: 'warning',
      type: 'symbol',
      source: 'warnings',
      layout: {
        'icon-image': ['concat', 'warning-', ['get', 'level']],
        'icon-allow-overlap': true,
        'icon-ignore-placement': true,
        'icon-offset': [0, -20],
        'icon-size': ['case', ['get', 'is_selected'], 1.35, 1],
        'symbol-sort-key': ['get', 'order'],
      },
    },
  ]
}

/** The way of one vehicle: the terminal's line, all legs faintly, the legs driven until now with their direction. */
export function traceLayers(theme: Theme): LayerSpecification[] {
  const palette = PALETTES[theme]
  const byCount = (least: number, most: number): ExpressionSpecification => [
    'interpolate',
    ['linear'],
    ['get', 'count'],
    1,
    least,
    12,
    most,
  ]
  // Both directions stand beside each other, each on its right.
  return [
    {
      id: 'terminal',
      type: 'line',
      source: 'terminal',
      layout: line,
      paint: { 'line-color': palette.vehicle, 'line-width': 3, 'line-opacity': 0.8, 'line-dasharray': [1.5, 1.5] },
    },
    {
      id: 'legs',
      type: 'line',
      source: 'legs',
      layout: line,
      paint: { 'line-color': palette.accent, 'line-width': byCount(2, 4), 'line-opacity': 0.35, 'line-offset': 3 },
    },
    {
      id: 'passed',
      type: 'line',
      source: 'passed',
      layout: line,
      paint: { 'line-color': palette.accent, 'line-width': byCount(3, 6), 'line-opacity': 0.9, 'line-offset': 3 },
    },
    {
      id: 'passed-direction',
      type: 'symbol',
      source: 'passed',
      layout: {
        'symbol-placement': 'line',
        'symbol-spacing': 70,
        'icon-image': 'direction',
        'icon-rotation-alignment': 'map',
        'icon-offset': [0, 3],
        'icon-allow-overlap': true,
        'icon-ignore-placement': true,
      },
    },
  ]
}
