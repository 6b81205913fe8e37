// Pictures of the map, drawn here so that nothing must be loaded. States and levels differ by shape, not by colour alone.
import type { Map as MapLibreMap } from 'maplibre-gl'
import type { Theme } from '@/theme'
import { PALETTES } from './palette'

const RATIO = 2
type Draw = (pen: CanvasRenderingContext2D, size: number) => void

function picture(size: number, draw: Draw): ImageData {
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = size * RATIO
  const pen = canvas.getContext('2d', { willReadFrequently: true })!
  pen.scale(RATIO, RATIO)
  draw(pen, size)
  return pen.getImageData(0, 0, canvas.width, canvas.height)
}

function disc(color: string, halo: string, inner: (pen: CanvasRenderingContext2D, middle: number) => void): Draw {
  return (pen, size) => {
    const middle = size / 2
    pen.beginPath()
    pen.arc(middle, middle, middle - 1, 0, 7)
    pen.fillStyle = halo
    pen.fill()
    pen.lineWidth = 2
    pen.strokeStyle = pen.fillStyle = color
    pen.beginPath()
    pen.arc(middle, middle, middle - 3, 0, 7)
    pen.stroke()
    inner(pen, middle)
  }
}

function shield(fill: string, edge: string): Draw {
  return (pen, size) => {
    pen.beginPath()
    pen.roundRect?.(0.5, 0.5, size - 1, size - 1, 3)
    if (!('roundRect' in pen)) (pen as CanvasRenderingContext2D).rect(0.5, 0.5, size - 1, size - 1)
    pen.fillStyle = fill
    pen.fill()
    pen.strokeStyle = edge
    pen.stroke()
  }
}

/** Adds or redraws all pictures for a theme. */
export function addIcons(map: MapLibreMap, theme: Theme): void {
  const colors = PALETTES[theme]
  const put = (id: string, size: number, draw: Draw, is_stretched = false) => {
    if (map.hasImage(id)) map.removeImage(id)
    const inner = size * RATIO - 8
    const stretch: [number, number][] = [[8, inner]]
    map.addImage(id, picture(size, draw), {
      pixelRatio: RATIO,
      ...(is_stretched
        ? {
            stretchX: stretch,
            stretchY: stretch,
            content: [4, 4, size * RATIO - 4, size * RATIO - 4] as [number, number, number, number],
          }
        : {}),
    })
  }
  put(
    'checkpoint-online',
    20,
    disc(colors.online, colors.halo, (pen, middle) => {
      pen.beginPath()
      pen.arc(middle, middle, 4, 0, 7)
      pen.fill()
    }),
  )
  put(
    'checkpoint-silent',
    20,
    disc(colors.silent, colors.halo, (pen, middle) => {
      pen.beginPath()
      pen.arc(middle, middle, middle - 3, -Math.PI / 2, Math.PI / 2)
      pen.fill()
    }),
  )
  put(
    'checkpoint-offline',
    20,
    disc(colors.offline, colors.halo, (pen, middle) => {
      pen.beginPath()
      for (const sign of [1, -1]) {
        pen.moveTo(middle - 3.5, middle - 3.5 * sign)
        pen.lineTo(middle + 3.5, middle + 3.5 * sign)
      }
      pen.stroke()
    }),
  )
  const levels: [string, string, (middle: number) => [number, number][]][] = [
    [
      'high',
      colors.high,
      (m) => [
        [m, 2],
        [m * 2 - 2, m * 2 - 4],
        [2, m * 2 - 4],
      ],
    ],
    [
      'medium',
      colors.medium,
      (m) => [
        [m, 2],
        [m * 2 - 3, m],
        [m, m * 2 - 2],
        [3, m],
      ],
    ],
    [
      'low',
      colors.low,
      (m) =>
        Array.from({ length: 24 }, (_, i) => [
          m + (m - 5) * Math.cos((i * Math.PI) / 12),
          m + (m - 5) * Math.sin((i * Math.PI) / 12),
        ]),
    ],
  ]
  for (const [level, color, corners] of levels) {
    put(`warning-${level}`, 26, (pen, size) => {
      pen.beginPath()
      corners(size / 2).forEach(([x, y], index) => (index ? pen.lineTo(x, y) : pen.moveTo(x, y)))
      pen.closePath()
      pen.lineJoin = 'round'
      pen.lineWidth = 3.5
      pen.strokeStyle = colors.halo
      pen.stroke()
      pen.fillStyle = color
      pen.fill()
      pen.fillStyle = colors.halo
      pen.font = 'bold 12px sans-serif'
      pen.textAlign = 'center'
      pen.fillText('!', size / 2, size / 2 + (level === 'high' ? 7 : 4.5))
    })
  }
  put('direction', 14, (pen, size) => {
    pen.beginPath()
    pen.moveTo(3, 2)
    pen.lineTo(size - 1.5, size / 2)
    pen.lineTo(3, size - 2)
    pen.closePath()
    pen.lineJoin = 'round'
    pen.lineWidth = 2.5
    pen.strokeStyle = colors.halo
    pen.stroke()
    pen.fillStyle = colors.accent
    pen.fill()
  })
  // GB 5768: expressways in green, national roads in red, provincial roads in yellow, lesser ones in white.
  put('shield-expressway', 16, shield('#12805c', colors.halo), true)
  put('shield-national', 16, shield('#b3382c', colors.halo), true)
  put('shield-lesser', 16, shield('#ffffff', '#9aa3af'), true)
  put('shield-provincial', 16, shield('#f2c94c', colors.halo), true)
}
