// Hazards on the map: the shape is the grade, the filling how far the work has come; many at one place are one circle with a number.
import type { GeoJSONSource, LayerSpecification, Map as MapLibreMap } from 'maplibre-gl'
import type { Case, HazardBody, HazardGrade } from '@/api/case'
import { toDatum, type Datum } from '@/lib/datum'
import type { Theme } from '@/theme'
import { PALETTES } from './palette'

/** How far the work has come, as the map tells it. */
export const STAGES = ['new', 'at_work', 'to_check', 'ended'] as const
export type Stage = (typeof STAGES)[number]
const STAGE_OF: Record<HazardBody['state'], Stage> = {
  reported: 'new',
  verified: 'new',
  noticed: 'at_work',
  rectifying: 'at_work',
  submitted: 'to_check',
  accepted: 'to_check',
  struck_off: 'ended',
  unfounded: 'ended',
  merged: 'ended',
}
export const stageOf = (state: string): Stage => STAGE_OF[state as HazardBody['state']] ?? 'new'
/** Lists know levels; a hazard's level is its grade. */
export const gradeOf = (level: string): HazardGrade =>
  level === 'high' ? 'major' : level === 'medium' ? 'larger' : 'general'

const SIDE = 24
const RATIO = 2
const CORNERS: Record<HazardGrade, (m: number) => [number, number][]> = {
  major: (m) => [
    [m, 2],
    [2 * m - 2, 2 * m - 4],
    [2, 2 * m - 4],
  ],
  larger: (m) => [
    [m, 2],
    [2 * m - 2, m],
    [m, 2 * m - 2],
    [2, m],
  ],
  general: (m) =>
    Array.from({ length: 24 }, (_, i) => [
      m + (m - 5) * Math.cos((i * Math.PI) / 12),
      m + (m - 5) * Math.sin((i * Math.PI) / 12),
    ]),
}
export const stageColor = (stage: Stage, theme: Theme): string => {
  const { high, medium, accent, offline_grey } = { ...PALETTES[theme], offline_grey: PALETTES[theme].vehicle_offline }
  return { new: high, at_work: medium, to_check: accent, ended: offline_grey }[stage]
}

/** One sign; hollow when the work is to be checked, crossed out when it has ended, so that the colour is not alone. */
export function drawSign(pen: CanvasRenderingContext2D, grade: HazardGrade, stage: Stage, theme: Theme): void {
  const m = SIDE / 2
  const color = stageColor(stage, theme)
  const { halo } = PALETTES[theme]
  pen.beginPath()
  CORNERS[grade](m).forEach(([x, y], index) => (index ? pen.lineTo(x, y) : pen.moveTo(x, y)))
  pen.closePath()
  pen.lineJoin = 'round'
  pen.lineWidth = 5
  pen.strokeStyle = halo
  pen.stroke()
  pen.fillStyle = stage === 'to_check' ? halo : color
  pen.fill()
  pen.lineWidth = 2.4
  pen.strokeStyle = color
  pen.stroke()
  pen.strokeStyle = stage === 'new' ? halo : color
  if (stage === 'new') {
    pen.beginPath()
    pen.moveTo(m, m - 3)
    pen.lineTo(m, m + 4)
    pen.stroke()
  }
  if (stage === 'ended') {
    pen.strokeStyle = halo
    pen.beginPath()
    pen.moveTo(m - 4, m + 1)
    pen.lineTo(m - 1, m + 4)
    pen.lineTo(m + 4, m - 3)
    pen.stroke()
  }
}
export function signImage(grade: HazardGrade, stage: Stage, theme: Theme): ImageData {
  const canvas = Object.assign(document.createElement('canvas'), { width: SIDE * RATIO, height: SIDE * RATIO })
  const pen = canvas.getContext('2d', { willReadFrequently: true })!
  pen.scale(RATIO, RATIO)
  drawSign(pen, grade, stage, theme)
  return pen.getImageData(0, 0, canvas.width, canvas.height)
}

export const hazardFeatures = (
  rows: readonly Case[],
  datum: Datum,
  selected: string | null,
): GeoJSON.FeatureCollection => ({
  type: 'FeatureCollection',
  features: rows.flatMap((it) =>
    it.lon === null || it.lat === null
      ? []
      : [
          {
            type: 'Feature' as const,
            geometry: { type: 'Point' as const, coordinates: toDatum([it.lon, it.lat], datum) },
            properties: {
              id: it.id,
              sign: `hazard-${gradeOf(it.level)}-${stageOf(it.state)}`,
              rank: { high: 3, medium: 2, low: 1 }[it.level],
              is_late: it.is_late,
              is_selected: it.id === selected,
            },
          },
        ],
  ),
})

const CLUSTER_RADIUS = 44
/** From here on every hazard stands for itself. */
const CLUSTER_ZOOM_MAX = 13

export function addHazards(map: MapLibreMap, theme: Theme, data: GeoJSON.FeatureCollection): void {
  for (const grade of ['general', 'larger', 'major'] as const)
    for (const stage of STAGES) {
      const id = `hazard-${grade}-${stage}`
      if (map.hasImage(id)) map.removeImage(id)
      map.addImage(id, signImage(grade, stage, theme), { pixelRatio: RATIO })
    }
  const palette = PALETTES[theme]
  map.addSource('hazards', {
    type: 'geojson',
    data,
    cluster: true,
    clusterRadius: CLUSTER_RADIUS,
    clusterMaxZoom: CLUSTER_ZOOM_MAX,
    clusterProperties: { late: ['+', ['case', ['get', 'is_late'], 1, 0]] },
  })
  const layers: LayerSpecification[] = [
    {
      id: 'hazard-cluster',
      type: 'circle',
      source: 'hazards',
      filter: ['has', 'point_count'],
      paint: {
        'circle-radius': ['step', ['get', 'point_count'], 15, 10, 19, 50, 24],
        'circle-color': palette.low,
        // A ring says that something in it is late.
        'circle-stroke-color': ['case', ['>', ['get', 'late'], 0], palette.high, palette.halo],
        'circle-stroke-width': 3,
      },
    },
    {
      id: 'hazard-count',
      type: 'symbol',
      source: 'hazards',
      filter: ['has', 'point_count'],
      layout: {
        'text-field': ['get', 'point_count_abbreviated'],
        'text-font': ['PingFang SC Bold, Microsoft YaHei Bold, Noto Sans CJK SC Bold, sans-serif'],
        'text-size': 13,
        'text-allow-overlap': true,
      },
      paint: { 'text-color': palette.halo },
    },
    {
      id: 'hazard-late',
      type: 'circle',
      source: 'hazards',
      filter: ['all', ['!', ['has', 'point_count']], ['any', ['get', 'is_late'], ['get', 'is_selected']]],
      paint: {
        'circle-radius': 16,
        'circle-opacity': 0,
        'circle-stroke-width': 2.4,
        'circle-stroke-color': ['case', ['get', 'is_selected'], palette.accent, palette.high],
      },
    },
    {
      id: 'hazard',
      type: 'symbol',
      source: 'hazards',
      filter: ['!', ['has', 'point_count']],
      layout: { 'icon-image': ['get', 'sign'], 'icon-allow-overlap': true, 'symbol-sort-key': ['get', 'rank'] },
    },
  ]
  for (const layer of layers) map.addLayer(layer)
}
export const setHazards = (map: MapLibreMap, data: GeoJSON.FeatureCollection): void =>
  void map.getSource<GeoJSONSource>('hazards')?.setData(data)
