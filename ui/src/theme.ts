// Light for the office, dark for the duty room; what the computer prefers until somebody chooses.
import { computed, ref, watchEffect } from 'vue'
import { remembered } from '@/lib/storage'

export type Theme = 'light' | 'dark'
const chosen = remembered<Theme | null>('theme', null)
const preference = matchMedia('(prefers-color-scheme: dark)')
const system = ref<Theme>(preference.matches ? 'dark' : 'light')
preference.addEventListener('change', (event) => (system.value = event.matches ? 'dark' : 'light'))

export const theme = computed<Theme>(() => chosen.value ?? system.value)
export const toggleTheme = (): void => void (chosen.value = theme.value === 'dark' ? 'light' : 'dark')

watchEffect(() => document.documentElement.classList.toggle('dark', theme.value === 'dark'))
