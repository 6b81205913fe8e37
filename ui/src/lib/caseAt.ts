// The address of a case, whatever its kind.
export const caseAt = (id: string): string => `/cases/${encodeURIComponent(id)}`
