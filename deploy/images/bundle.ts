/**
 * Bundles a command of usher into one file, which runs without node_modules: `node deploy/images/bundle.ts [COMMAND…]`
 * writes dist/bundle/COMMAND.mjs. A process of one bundle has half the memory of one of many files.
 */
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Bundles a command, and gives back its file. */
export async function bundle(command: string): Promise<string> {
  const outfile = `${root}dist/bundle/${command}.mjs`
  await build({
    stdin: { contents: entry(command), resolveDir: `${root}src/cli`, sourcefile: 'entry.ts', loader: 'ts' },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node26',
    minify: true,
    keepNames: true,
    // For the packages in it that are not modules.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
    logLevel: 'warning',
  })
  return outfile
}

function entry(command: string): string {
  return `import { runCommand } from './run-command.ts'
import { ${command}Command } from './${command}.ts'
process.exitCode = await runCommand(${command}Command, process.argv.slice(2))
`
}

if (import.meta.main) {
  for (const command of process.argv.slice(2)) process.stdout.write(`${await bundle(command)}\n`)
}
