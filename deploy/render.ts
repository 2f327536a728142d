/** Renders the chart with its defaults into deploy/usher.yaml: `npm run chart`. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { builtFolder, toolVersion } from '../test/go-tools/tool-folder.ts'
import { run, runScript, ScriptError } from './run.ts'

/** The folder of the chart. */
export const chartFolder = fileURLToPath(new URL('chart', import.meta.url))

/** The chart rendered, for `kubectl apply -f`. */
export const manifestFile = fileURLToPath(new URL('usher.yaml', import.meta.url))

/**
 * Helm 4 as the tests pin it: another one may write the same objects in other bytes.
 *
 * @throws {ScriptError} where it is not built.
 */
export function pinnedHelm(): string {
  try {
    return join(builtFolder('helm'), 'helm')
  } catch (error) {
    throw new ScriptError(error instanceof Error ? error.message : String(error), { cause: error })
  }
}

/** What stands in deploy/usher.yaml. */
export function renderManifest(helm = pinnedHelm()): string {
  const text = run(helm, ['template', 'usher', chartFolder, '--namespace', 'usher-system', '--set', 'namespace.create=true', ...newest()])
  return `# usher, for kubectl apply -f. The chart with its defaults: npm run chart writes it, deploy/chart/ is the source.\n${text}`
}

/** For a Helm without a cluster: the version of Kubernetes that the tests have. One that is built here knows none. */
export function newest(): readonly string[] {
  return ['--kube-version', toolVersion('kubernetes')]
}

if (import.meta.main) await runScript(() => writeFileSync(manifestFile, renderManifest()))
