// Keyboard of the lists: J/K, Enter, S, /, ? — never while somebody types, and never with a dialog in front.
import { onBeforeUnmount, onMounted } from 'vue'

export type KeyMap = Record<string, (event: KeyboardEvent) => void>

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  // A box that was just ticked takes no letters.
  if (target instanceof HTMLInputElement && target.type === 'checkbox') return false
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)
}

const hasDialog = (): boolean =>
  [...document.querySelectorAll<HTMLElement>('.el-overlay, .el-message-box__wrapper')].some(
    (it) => it.offsetParent !== null || getComputedStyle(it).display !== 'none',
  )

/** Binds keys while the component is shown. `is_active` lets a page hand its keys over, e.g. to an open drawer. */
export function useKeys(map: KeyMap, is_active: () => boolean = () => true): void {
  const listener = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
    if (isTyping(event.target) || hasDialog() || !is_active()) return
    // Enter on a focused button or link is that button's.
    if (event.key === 'Enter' && event.target instanceof HTMLElement && /^(A|BUTTON)$/.test(event.target.tagName))
      return
    const act = map[event.key.length === 1 ? event.key.toLowerCase() : event.key]
    if (!act) return
    event.preventDefault()
    act(event)
  }
  onMounted(() => window.addEventListener('keydown', listener))
  onBeforeUnmount(() => window.removeEventListener('keydown', listener))
}
