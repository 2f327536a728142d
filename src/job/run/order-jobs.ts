import type { Job } from '../job.ts'

/** The jobs of a file in the order in which they are run: whatever another one waits for comes before it, else as they stand. */
export function orderJobs(jobs: readonly Job[]): readonly Job[] {
  const ordered: Job[] = []
  const begun = new Set<Job>()
  function add(job: Job): void {
    // Of a circle, one has to begin.
    if (begun.has(job)) return
    begun.add(job)
    for (const other of jobs) if (waitsFor(job, other)) add(other)
    ordered.push(job)
  }
  for (const job of jobs) add(job)
  return ordered
}

function waitsFor({ dependsOn }: Job, { name }: Job): boolean {
  return dependsOn.some((entry) => entry.split(':', 1)[0] === `job/${name}`)
}
