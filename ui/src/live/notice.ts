// Sound and desktop notices: off until switched on, only for what must be acted on, with a mute that ends by itself.
import { computed } from 'vue'
import type { Warning } from '@/api/types'
import { remembered } from '@/lib/storage'
import { t } from '@/i18n'
import { isActionable } from './fold'

export const MUTE_MS = 15 * 60_000

export const is_sound_on = remembered('notice.sound', false)
export const is_desktop_on = remembered('notice.desktop', false)
const muted_until = remembered<number>('notice.muted_until', 0)

export const mutedUntil = computed(() => muted_until.value)
export const mute = (): void => void (muted_until.value = Date.now() + MUTE_MS)
export const unmute = (): void => void (muted_until.value = 0)

/** Warnings worth a sound: high, and somebody can still be sent out. */
export const worthSound = (warnings: readonly Warning[], now_ms: number): Warning[] =>
  warnings.filter((warning) => warning.level === 'high' && isActionable(warning, now_ms))

export function announce(raised: readonly Warning[], now_ms: number): void {
  const urgent = worthSound(raised, now_ms)
  if (urgent.length === 0 || Date.now() < muted_until.value) return
  if (is_sound_on.value) chime()
  if (is_desktop_on.value && 'Notification' in window && Notification.permission === 'granted') {
    const [first] = urgent
    const body = urgent.map((it) => [it.subject.plate, it.place.description].filter(Boolean).join(' · ')).join('\n')
    // One tag: a burst replaces itself instead of covering the screen.
    new Notification(`${t('app.name')} · ${first!.title}`, { body, tag: 'anchang-warning', icon: '/favicon.svg' })
  }
}

/** Asks the browser; true when notices will be shown. */
export async function enableDesktop(): Promise<boolean> {
  if (!('Notification' in window)) return false
  is_desktop_on.value = (await Notification.requestPermission()) === 'granted'
  return is_desktop_on.value
}

let audio: AudioContext | null = null
/** Two short falling tones, made here so that nothing must be loaded. */
export function chime(): void {
  audio ??= new AudioContext()
  void audio.resume()
  const start = audio.currentTime
  for (const [index, hertz] of [880, 660].entries()) {
    const tone = audio.createOscillator()
    const volume = audio.createGain()
    tone.frequency.value = hertz
    const from = start + index * 0.18
    volume.gain.setValueAtTime(0.0001, from)
    volume.gain.exponentialRampToValueAtTime(0.25, from + 0.02)
    volume.gain.exponentialRampToValueAtTime(0.0001, from + 0.17)
    tone.connect(volume).connect(audio.destination)
    tone.start(from)
    tone.stop(from + 0.18)
  }
}
