// What a browser calls itself, in words that people know. Brands are the same in both languages.
const BROWSERS: readonly [RegExp, string][] = [
  [/Edg\//, 'Edge'],
  [/Firefox\//, 'Firefox'],
  [/MicroMessenger\//, 'WeChat'],
  [/Chrome\//, 'Chrome'],
  [/Safari\//, 'Safari'],
]
const SYSTEMS: readonly [RegExp, string][] = [
  [/iPhone|iPad/, 'iOS'],
  [/OpenHarmony|HarmonyOS/, 'HarmonyOS'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/Linux/, 'Linux'],
]
const named = (list: readonly [RegExp, string][], text: string) => list.find(([mark]) => mark.test(text))?.[1]

/** Browser and system; the text itself for other programs; null when nothing was said. */
export function deviceName(agent: string | null): string | null {
  if (!agent) return null
  const names = [named(BROWSERS, agent), named(SYSTEMS, agent)].filter(Boolean)
  return names.length > 0 ? names.join(' · ') : (agent.split(' ')[0] ?? agent)
}
