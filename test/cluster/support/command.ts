import { attempt, type Outcome } from '../run.ts'

const script = `${import.meta.dirname}/../cli.ts`

/** Runs the cluster's command as a developer does, whatever comes of it. */
export function cluster(...args: readonly string[]): Promise<Outcome> {
  return attempt(process.execPath, [script, ...args])
}

/** As {@link cluster}, and gives its output; throws with what it said where it fails. */
export async function mustCluster(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await cluster(...args)
  if (code === 0) return stdout
  throw new Error(`cluster ${args.join(' ')} ended with ${code}: ${stderr.trim()}`)
}

/** Runs kubectl in the cluster, and gives its output. */
export function kubectl(...args: readonly string[]): Promise<string> {
  return mustCluster('kubectl', ...args)
}
