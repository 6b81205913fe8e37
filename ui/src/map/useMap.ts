// What all maps share: the ground is loaded, the map made in its frame, painted anew when the theme changes, and taken away.
import type { Map as MapLibreMap } from 'maplibre-gl'
import { onBeforeUnmount, onMounted, onUnmounted, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { theme, type Theme } from '@/theme'
import { bounds, changeTheme, createMap, type MapView } from './create'
import { loadGround, type Ground } from './source'

export interface MapUse {
  /** Once, when the map stands: layers, marks, listeners. What it throws is shown in the frame. */
  begin: (map: MapLibreMap, ground: Ground) => void | Promise<void>
  /** Puts the layers on again after the style was changed with the theme. */
  repaint?: (theme: Theme) => void
  /** Where it looks first; the county when left out. */
  view?: () => MapView
}
export interface MapBase {
  /** Takes the element that the map is drawn in, as `:ref`. */
  hold: (element: unknown) => void
  /** Null until it stands. */
  map: ShallowRef<MapLibreMap | null>
  is_ready: Ref<boolean>
  error: ShallowRef<unknown>
  start: () => Promise<void>
  /** Shows the whole county. */
  whole: () => void
}

export function useMap({ begin, repaint, view }: MapUse): MapBase {
  let container: HTMLElement | null = null
  const hold = (element: unknown) => (container = element as HTMLElement | null)
  const map = shallowRef<MapLibreMap | null>(null)
  const is_ready = ref(false)
  const error = shallowRef<unknown>(null)
  let ground: Ground | null = null
  let is_gone = false

  async function start(): Promise<void> {
    error.value = null
    try {
      ground = await loadGround()
      if (is_gone || !container) return
      map.value?.remove()
      const made = await createMap(container, ground, theme.value, view?.() ?? {})
      if (is_gone) return made.remove()
      map.value = made
      await begin(made, ground)
      is_ready.value = true
    } catch (cause) {
      error.value = cause
    }
  }
  onMounted(start)
  watch(theme, async (now) => {
    if (map.value && ground) await changeTheme(map.value, ground, now, () => repaint?.(now))
  })
  onBeforeUnmount(() => (is_gone = true))
  // After whatever else drew on it has let go.
  onUnmounted(() => map.value?.remove())
  const whole = () => {
    if (ground) map.value?.fitBounds(bounds(ground), { padding: 24, duration: 400 })
  }
  return { hold, map, is_ready, error, start, whole }
}
