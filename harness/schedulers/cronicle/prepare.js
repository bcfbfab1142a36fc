// Makes a container of a Cronicle image ready to be a node of a test, before its daemon starts.
//
// It runs in Cronicle's folder, in the container, and changes only the container's own copy:
// conf/config.json gets the settings of the test, a process id that an earlier start left is
// forgotten (a container uses ids again), and the data folder of a primary is set up once, with an
// API key. It prints the folder to run the daemon in, and the words that its command is to end with.
'use strict';
const fs = require('fs');
const os = require('os');
const { spawnSync } = require('child_process');
const IMAGES_OWN = process.env.RUNALL_CRONICLE || '/opt/cronicle';

const env = process.env;
const primaries = (env.RUNALL_MAY_LEAD || '').split(' ').filter(Boolean);

function read(file) {
	return JSON.parse(fs.readFileSync(file, 'utf8'));
}

function write(file, value) {
	fs.writeFileSync(file, JSON.stringify(value, null, '\t'));
}

function run(command, ...words) {
	const done = spawnSync(command, words, { encoding: 'utf8' });
	if (done.status) throw new Error([command, ...words].join(' ') + ': ' + done.stdout + done.stderr);
}

function mayChange(...files) {
	try {
		for (const file of files) fs.accessSync(file, fs.constants.W_OK);
		return true;
	} catch (error) {
		return false;
	}
}

// A harness that is not root runs the container as its own user, who may not change what the image
// holds. Then the daemon runs in a folder beside it: what finds other files from its own place, and
// what is changed, is copied, and all else is the image's.
function folder() {
	if (mayChange('conf', 'conf/config.json')) return IMAGES_OWN;
	const copy = os.tmpdir() + '/runall-cronicle';
	fs.mkdirSync(copy, { recursive: true });
	// Over what an earlier start left, which orphans of that start may still use.
	run('cp', '-R', 'bin', 'conf', 'lib', copy);
	run('chmod', '-R', 'u+w', copy + '/conf');
	for (const name of fs.readdirSync('.')) {
		const place = copy + '/' + name;
		if (!fs.existsSync(place)) fs.symlinkSync(IMAGES_OWN + '/' + name, place);
	}
	return copy;
}

// Names with dots lead into the sections of the configuration.
function lay(over, under) {
	for (const [name, value] of Object.entries(over)) {
		const keys = name.split('.');
		const last = keys.pop();
		let section = under;
		for (const key of keys) section = section[key] = section[key] || {};
		section[last] = value;
	}
	return under;
}

// What shortens a run is the user's choice; the port and the secret are what a test can't do without.
function configure() {
	const own = JSON.parse(env.RUNALL_SETTINGS);
	own.secret_key = env.RUNALL_SECRET;
	own['WebServer.http_port'] = Number(env.RUNALL_PORT);
	const config = lay(own, read('conf/config.json'));
	write('conf/config.json', config);
	fs.rmSync(config.pid_file || 'logs/cronicled.pid', { force: true });
}

// All that a cluster begins with, as the image has it, and what a test cannot do without.
function begin() {
	const setup = read('conf/setup.json');
	const stamp = Math.floor(Date.now() / 1000);
	for (const [verb, list, item] of setup.storage) {
		if (list === 'global/server_groups' && item && item.master) {
			item.regexp = '^(' + primaries.join('|') + ')$';
		}
		if (verb === 'listCreate' && list === 'global/api_keys') var keys = true;
	}
	if (!keys) setup.storage.push(['listCreate', 'global/api_keys', {}]);
	setup.storage.push(['listPush', 'global/api_keys', {
		id: 'runall', key: env.RUNALL_API_KEY, title: 'Run All', description: 'of a test',
		active: 1, username: 'admin', created: stamp, modified: stamp, privileges: { admin: 1 }
	}]);
	write('conf/setup.json', setup);
	run('node', 'bin/storage-cli.js', 'setup');
}

// The folder that the primaries share says whether that was done.
function beginOnce() {
	const done = 'data/runall-set-up';
	if (fs.existsSync(done)) return false;
	begin();
	fs.writeFileSync(done, '');
	return true;
}

process.chdir(IMAGES_OWN);
process.chdir(folder());
configure();
const first = primaries.includes(env.RUNALL_NODE) && beginOnce();
// One that may find another in the lead waits, as every server does; else nobody is waited for.
const leads = first || (primaries.length === 1 && primaries[0] === env.RUNALL_NODE);
console.log(process.cwd(), leads ? '--master 1' : '');
