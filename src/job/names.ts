/** On all objects of a job and on its pods; its value is the job's name, and it is the selector of its workload. */
export const jobLabel = 'usher.dev/job'

/** The field manager of what `usher job` applies. */
export const jobFieldManager = 'usher-job'

/** The workload and the Service of a job's ports are called as the job; this Service has each ready instance by its address. */
export function instancesServiceOf(job: string): string {
  return `${job}-pods`
}

/** The ConfigMap in usher's own namespace that says in which namespace a job of this name is: names are unique in a cluster. */
export function claimOf(job: string): string {
  return `job-name.${job}`
}

/** The Secret with a job's revisions, and the Lease of who changes it, in the job's own namespace. */
export function ledgerOf(job: string): string {
  return `usher-job.${job}`
}
