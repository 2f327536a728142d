import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { configMapYaml, deployment, isInjected, objectsIn, podYaml } from '../support/manifests.ts'
import { runUsher } from '../support/usher-process.ts'

const examples = fileURLToPath(new URL('../../deploy/examples/', import.meta.url))

t.test('gives back what inject was given, byte for byte', async (t) => {
  const folder = t.testdir({
    'plain.yaml': podYaml('plain'),
    'no-final-newline.yaml': podYaml('open').trimEnd(),
    'crlf.yaml': podYaml('windows').replaceAll('\n', '\r\n'),
    'mark.yaml': `\u{FEFF}${podYaml('mark')}`,
    'several.yaml': `# All of it.\n---\n${podYaml('a')}---\n${configMapYaml('b')}---\n---\n${podYaml('c')}...\n`,
    'minified.json': JSON.stringify(deployment('minified')),
    'indented.json': `${JSON.stringify(deployment('indented'), null, 4)}\n`,
    'list.json': JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [deployment('one'), deployment('two')] }, null, '\t'),
  })
  cpSync(examples, folder, { recursive: true })
  const before = contents(folder)
  for (const options of [[], ['--kube-version', '1.29'], ['--namespace-label', 'istio-injection=enabled']]) {
    t.equal((await runUsher(t, ['inject', '-q', '-i', '-f', folder, ...options])).code, 0)
    const injected = contents(folder)
    t.ok(Object.keys(before).filter((file) => injected[file] !== before[file]).length > 8)
    const { code, stdout, stderr } = await runUsher(t, ['uninject', '-q', '-i', '-f', folder])
    t.strictSame({ code, stdout, stderr }, { code: 0, stdout: '', stderr: '' })
    t.strictSame(contents(folder), before, options.join(' '))
  }
})

t.test('gives back the same data where flow style and aliases stand', async (t) => {
  const stream = [
    'apiVersion: v1\nkind: Pod\nmetadata: {name: flow,}\nspec: {containers: [{name: app, image: nginx,},], volumes: [ ]}\n',
    'x: &grace 0x1E\ny: &app { name: app, image: nginx }\napiVersion: v1\nkind: Pod\nmetadata: { name: alias }\n' +
      'spec:\n  terminationGracePeriodSeconds: *grace\n  containers: [*app]\n',
  ].join('---\n')
  const injected = await runUsher(t, ['inject', '-q', '-f', '-'], { stdin: stream })
  t.strictSame([injected.code, objectsIn(injected.stdout).map(isInjected)], [0, [true, true]])
  const { code, stdout } = await runUsher(t, ['uninject', '-q', '-f', '-'], { stdin: injected.bytes })
  t.equal(code, 0)
  t.strictSame(objectsIn(stdout), objectsIn(stream))
})

t.test('what was not injected stays as it is, and that is said', async (t) => {
  const stream = `${configMapYaml('a')}---\n${podYaml('b')}`
  const { code, stdout, stderr } = await runUsher(t, ['uninject', '-f', '-'], { stdin: stream })
  t.strictSame({ code, stdout }, { code: 0, stdout: stream })
  t.equal(stderr, 'usher uninject: standard input: document 2, line 5: Pod b: not injected\nusher uninject: 0 of 1 workload changed\n')
})

t.test('says what it has taken out', async (t) => {
  const { code, stderr } = await runUsher(t, ['uninject', '-f', '-'], { stdin: `${podYaml('a')}---\n${await injectedPod(t)}` })
  t.equal(code, 0)
  t.equal(stderr, [
    'usher uninject: standard input: document 1, line 1: Pod a: not injected',
    'usher uninject: standard input: document 2, line 10: Pod web: taken out',
    'usher uninject: 1 of 2 workloads changed',
    '',
  ].join('\n'))
})

t.test('what somebody has changed since stays, and is named, also with -q', async (t) => {
  const edited = (await injectedPod(t)).replace('seconds: 10\n', 'seconds: 25\n').replace('terminationGracePeriodSeconds: 40', 'terminationGracePeriodSeconds: 70')
  const { code, stdout, stderr } = await runUsher(t, ['uninject', '-q', '-f', '-'], { stdin: edited })
  t.equal(code, 0)
  t.match(stdout, '\n            seconds: 25\n')
  t.match(stdout, '\n  terminationGracePeriodSeconds: 70\n')
  t.notMatch(stdout, 'usher')
  const notes = stderr.trimEnd().split('\n')
  t.ok(notes.length > 0)
  for (const note of notes) t.match(note, /^usher uninject: standard input: document 1, line 1: Pod web: \S.* was changed since the injection, and stays as it is$/)
})

t.test('what a newer usher has injected passes as it is, and is a fault', async (t) => {
  const newer = (await injectedPod(t)).replace('"v":1', '"v":2')
  const { code, stdout, stderr } = await runUsher(t, ['uninject', '-f', '-'], { stdin: newer })
  t.strictSame({ code, stdout }, { code: 1, stdout: newer })
  t.equal(stderr, [
    'usher uninject: standard input: document 1, line 1: Pod web passes unchanged, for a newer usher has injected it; use that one',
    'usher uninject: 0 of 1 workload changed; 1 fault',
    '',
  ].join('\n'))
})

async function injectedPod(t: Test): Promise<string> {
  return (await runUsher(t, ['inject', '-q', '-f', '-'], { stdin: podYaml('web') })).stdout
}

function contents(folder: string): Record<string, string> {
  return Object.fromEntries(readdirSync(folder).toSorted().map((file) => [file, readFileSync(join(folder, file), 'utf8')]))
}
