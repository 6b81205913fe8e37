// Small things the page remembers on this computer. A browser that refuses storage only forgets.
import { ref, watch, type Ref } from 'vue'

const PREFIX = 'anchang.'

export function recall<T>(name: string, fallback: T, storage: () => Storage = () => localStorage): T {
  try {
    const text = storage().getItem(PREFIX + name)
    return text === null ? fallback : (JSON.parse(text) as T)
  } catch {
    return fallback
  }
}

export function keep(name: string, value: unknown, storage: () => Storage = () => localStorage): void {
  try {
    storage().setItem(PREFIX + name, JSON.stringify(value))
  } catch {
    // Private windows and full disks: the page works, it only forgets.
  }
}

/** A ref that survives a reload. */
export function remembered<T>(name: string, fallback: T): Ref<T> {
  const value = ref(recall(name, fallback)) as Ref<T>
  watch(value, (now) => keep(name, now), { deep: true })
  return value
}

/** A form's draft: survives leaving the page and closing the dialog, until `clear`. */
export function draft<T extends object>(name: string, blank: () => T): { form: Ref<T>; clear: () => void } {
  const key = `draft.${name}`
  const form = ref({ ...blank(), ...recall<Partial<T>>(key, {}, () => sessionStorage) }) as Ref<T>
  watch(form, (now) => keep(key, now, () => sessionStorage), { deep: true })
  return {
    form,
    clear: () => {
      form.value = blank()
    },
  }
}
