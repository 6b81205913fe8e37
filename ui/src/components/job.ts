// Following a job: asked for every second while it runs, and no longer.
import { onBeforeUnmount, ref, shallowRef, watch, type Ref } from 'vue'
import { api } from '@/api'
import type { Job } from '@/api/types'

const PERIOD_MS = 1_000

export const isOver = (job: Job) => job.state !== 'waiting' && job.state !== 'running'

/** The share that is done, from 0 to 1; null where the total is not known. */
export const shareOf = (job: Job): number | null =>
  job.total === null || job.total === 0 ? null : Math.min(1, job.done / job.total)

/** The job of an identity, fresh every second until it is over. */
export function useJob(id: Ref<number | null>): { job: Ref<Job | null>; is_lost: Ref<boolean> } {
  const job = shallowRef<Job | null>(null)
  const is_lost = ref(false)
  let timer = 0
  let turn = 0
  async function follow(which: number, mine: number): Promise<void> {
    try {
      const answer = await api.job(which)
      if (mine !== turn) return
      job.value = answer
      is_lost.value = false
    } catch {
      if (mine !== turn) return
      is_lost.value = true
    }
    if (job.value === null || !isOver(job.value)) {
      timer = window.setTimeout(() => void follow(which, mine), PERIOD_MS)
    }
  }
  watch(
    id,
    (which) => {
      clearTimeout(timer)
      turn += 1
      job.value = null
      if (which !== null) void follow(which, turn)
    },
    { immediate: true },
  )
  onBeforeUnmount(() => {
    turn += 1
    clearTimeout(timer)
  })
  return { job, is_lost }
}
