// What moves, on a canvas over the map: vehicles with heading, gliding from fix to fix, and pulses of checkpoints.
// Kept off the map itself, so that the roads are not drawn again for every vehicle on an old office PC.
import type { Map as MapLibreMap } from 'maplibre-gl'
import type { KeyVehicle } from '@/api/types'
import { toDatum, type Datum, type Position } from '@/lib/datum'
import type { Palette } from './palette'

const GLIDE_MS = 1_000
const PULSE_MS = 900
/** Frames a second while something moves; the eye wants no more from a glide of a few pixels. */
const FRAME_MS_MIN = 33
/** A jump longer than this is not driven but shown at once, in degrees (about 3 km). */
const GLIDE_DEGREES_MAX = 0.03
const PICK_PIXELS = 14

interface Mover {
  vehicle: KeyVehicle
  from: Position
  to: Position
  started_ms: number
}

export class MovingLayer {
  private readonly canvas = document.createElement('canvas')
  private readonly pen = this.canvas.getContext('2d')!
  private readonly movers = new Map<string, Mover>()
  private readonly pulses = new Map<string, { at: Position; started_ms: number; strength: number }>()
  private readonly is_calm = matchMedia('(prefers-reduced-motion: reduce)').matches
  private frame = 0
  private drawn_ms = 0
  private readonly onRender = () => this.draw(performance.now())

  constructor(
    private readonly map: MapLibreMap,
    private readonly datum: Datum,
    public palette: Palette,
  ) {
    this.canvas.className = 'moving'
    this.canvas.style.cssText = 'position:absolute;inset:0;width:100%;height:100%;pointer-events:none'
    map.getCanvasContainer().append(this.canvas)
    map.on('render', this.onRender)
  }

  remove(): void {
    cancelAnimationFrame(this.frame)
    this.map.off('render', this.onRender)
    this.canvas.remove()
  }

  setVehicles(vehicles: Map<string, KeyVehicle>): void {
    const now = performance.now()
    for (const plate of this.movers.keys()) if (!vehicles.has(plate)) this.movers.delete(plate)
    for (const [plate, vehicle] of vehicles) {
      const old = this.movers.get(plate)
      if (old?.vehicle === vehicle) continue
      const to = toDatum([vehicle.lon, vehicle.lat], this.datum)
      const here = old ? this.position(old, now) : to
      const is_jump = Math.abs(here[0] - to[0]) + Math.abs(here[1] - to[1]) > GLIDE_DEGREES_MAX
      this.movers.set(plate, { vehicle, from: is_jump || this.is_calm ? to : here, to, started_ms: now })
    }
    this.animate()
  }

  pulse(id: string, at: Position, count: number): void {
    if (this.is_calm || document.hidden) return
    this.pulses.set(id, {
      at: toDatum(at, this.datum),
      started_ms: performance.now(),
      strength: Math.min(1, 0.45 + count / 6),
    })
    this.animate()
  }

  /** The vehicle under a point of the screen. */
  pick(x: number, y: number): KeyVehicle | null {
    let nearest: KeyVehicle | null = null
    let least = PICK_PIXELS
    for (const mover of this.movers.values()) {
      const point = this.map.project(this.position(mover, performance.now()))
      const distance = Math.hypot(point.x - x, point.y - y)
      if (distance < least) [nearest, least] = [mover.vehicle, distance]
    }
    return nearest
  }

  private position(mover: Mover, now: number): Position {
    const part = Math.min(1, (now - mover.started_ms) / GLIDE_MS)
    return [mover.from[0] + (mover.to[0] - mover.from[0]) * part, mover.from[1] + (mover.to[1] - mover.from[1]) * part]
  }

  private animate(): void {
    if (this.frame === 0) this.frame = requestAnimationFrame(this.step)
  }
  private readonly step = (now: number): void => {
    this.frame = 0
    if (now - this.drawn_ms >= FRAME_MS_MIN) this.draw(now)
    const is_gliding = [...this.movers.values()].some(
      (mover) => mover.from !== mover.to && now - mover.started_ms < GLIDE_MS + FRAME_MS_MIN,
    )
    if (is_gliding || this.pulses.size > 0) this.animate()
  }

  private draw(now: number): void {
    this.drawn_ms = now
    const { clientWidth, clientHeight } = this.canvas
    const ratio = window.devicePixelRatio || 1
    if (
      this.canvas.width !== Math.round(clientWidth * ratio) ||
      this.canvas.height !== Math.round(clientHeight * ratio)
    ) {
      this.canvas.width = Math.round(clientWidth * ratio)
      this.canvas.height = Math.round(clientHeight * ratio)
    }
    this.pen.setTransform(ratio, 0, 0, ratio, 0, 0)
    this.pen.clearRect(0, 0, clientWidth, clientHeight)
    this.drawPulses(now)
    const scale = Math.min(1.25, Math.max(0.62, (this.map.getZoom() - 6) / 5))
    for (const mover of this.movers.values()) this.drawVehicle(mover, now, scale)
  }

  private drawPulses(now: number): void {
    for (const [id, pulse] of this.pulses) {
      const part = (now - pulse.started_ms) / PULSE_MS
      if (part >= 1) {
        this.pulses.delete(id)
        continue
      }
      const { x, y } = this.map.project(pulse.at)
      this.pen.globalAlpha = (1 - part) * pulse.strength
      this.pen.strokeStyle = this.palette.accent
      this.pen.lineWidth = 2.5
      this.pen.beginPath()
      this.pen.arc(x, y, 8 + part * 14, 0, 7)
      this.pen.stroke()
    }
    this.pen.globalAlpha = 1
  }

  private drawVehicle(mover: Mover, now: number, scale: number): void {
    const { x, y } = this.map.project(this.position(mover, now))
    const { heading_deg, online, speed_kmh } = mover.vehicle
    const { pen, palette } = this
    pen.save()
    pen.translate(x, y)
    pen.scale(scale, scale)
    pen.fillStyle = online ? palette.vehicle : palette.vehicle_offline
    pen.strokeStyle = palette.halo
    pen.lineWidth = 1.6
    pen.beginPath()
    if (online && speed_kmh >= 3) {
      pen.rotate(((heading_deg - this.map.getBearing()) * Math.PI) / 180)
      pen.moveTo(0, -9)
      pen.lineTo(6, 7)
      pen.lineTo(0, 3.5)
      pen.lineTo(-6, 7)
      pen.closePath()
    } else {
      // Standing: a square has no heading.
      pen.rect(-3, -3, 6, 6)
    }
    pen.stroke()
    pen.fill()
    pen.restore()
  }
}
