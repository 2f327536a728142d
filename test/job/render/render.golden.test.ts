import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { launcher } from '../../support/usher-process.ts'

// Pairs of files: NAME.input.yaml is a job file, NAME.golden.yaml what `usher job render` makes of it: what it says, its
// exit code, its manifests. `npm run golden` writes all golden files anew; read their diff before it is committed.
const folder = new URL('../../golden/job/', import.meta.url)
const inputEnd = '.input.yaml'
const goldenEnd = '.golden.yaml'
const renewing = process.env['UPDATE_GOLDEN'] === '1'
const howToRenew = 'npm run golden'

const inputs = namesOf(inputEnd)
if (renewing) {
  for (const name of namesOf(goldenEnd)) if (!inputs.includes(name)) rmSync(new URL(name + goldenEnd, folder))
}

for (const name of inputs) {
  const text = readFileSync(new URL(name + inputEnd, folder), 'utf8')
  t.test(`${name}: ${titleOf(text)}`, async (t) => {
    const printed = rendered(name, flagsOf(text))
    t.equal(rendered(name, flagsOf(text)), printed, 'the same a second time, to the byte')
    const golden = new URL(name + goldenEnd, folder)
    if (renewing) writeFileSync(golden, printed)
    const wanted = existsSync(golden) ? readFileSync(golden, 'utf8') : undefined
    t.equal(printed, wanted, `is as ${name}${goldenEnd} says; "${howToRenew}" renews it`)
    for (const document of parseAllDocuments(printed)) t.strictSame(document.errors, [])
  })
}

t.test('has an input for every golden file, and nothing but pairs', async (t) => {
  const files = readdirSync(folder)
  const others = files.filter((file) => !inputs.some((name) => file === name + inputEnd || file === name + goldenEnd))
  t.strictSame(others, [], `"${howToRenew}" removes golden files without an input`)
  t.ok(inputs.length >= 15, `${inputs.length} pairs`)
})

function namesOf(end: string): readonly string[] {
  return readdirSync(folder).filter((file) => file.endsWith(end)).map((file) => file.slice(0, -end.length)).toSorted()
}

/** What the command says and writes: the former, and its exit code, as comments before the latter. */
function rendered(name: string, flags: readonly string[]): string {
  const args = [launcher, 'job', 'render', '-f', `${name}${inputEnd}`, ...flags]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: fileURLToPath(folder), encoding: 'utf8', env: {} })
  const said = [`exit code ${status}`, ...stderr.split('\n').filter((line) => line !== '')]
  return said.map((line) => `# ${line}\n`).join('') + stdout
}

/** What a case shows: the comment on its first line. */
function titleOf(input: string): string {
  const title = /^# (\S.*)\n/.exec(input)?.[1]
  if (title === undefined) throw new Error('an input starts with a comment that says what it shows')
  return title
}

/** The flags of the command, from a comment on its second line. */
function flagsOf(input: string): readonly string[] {
  return /^# flags: (.*)$/m.exec(input)?.[1]?.split(' ') ?? []
}
