// The web servers that contrib/ has samples for, and what it takes to run each
// with its sample.
//
// sample	the file, from the top of the sources
// program	what is run, with args(folder)
// places	what the sample says of addresses and paths -> what is so here
// files	name -> text of what else belongs in the folder; `comment` has the
//		lines that the sample's comment gives for the main configuration
// ready	what it logs as soon as it listens
// timeouts	settings in the sample, in seconds, that must let a poll wait
// sulks	whether it refuses for some time once it could not reach the daemon

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const APACHE_MODULES = '/usr/lib/apache2/modules';

// nginx looks for it beside its configuration.
const fastcgiParams = (program) => {
	const { stderr } = spawnSync(program, ['-V'], { encoding: 'utf8' });
	const [, file] = stderr.match(/--conf-path=(\S+)/);
	return fs.readFileSync(path.join(path.dirname(file),
		'fastcgi_params'), 'utf8');
};

const nginx = {
	sample: 'contrib/proxies/nginx/buddyshopping.conf',
	program: 'nginx',
	places: ({ host, port, daemonPort, socket }) => ({
		'listen 80;': `listen ${host}:${port};`,
		'server 127.0.0.1:8080;': `server 127.0.0.1:${daemonPort};`,
		'unix:/run/buddyshopping-fastcgi.sock': `unix:${socket}`,
	}),
	files: ({ sample, comment, program }) => ({
		fastcgi_params: fastcgiParams(program),
		'nginx.conf': `daemon off; pid nginx.pid; ${comment}
			error_log stderr notice;
			http {
				access_log off;
				client_body_temp_path body;
				proxy_temp_path proxy;
				fastcgi_temp_path fastcgi;
				scgi_temp_path scgi;
				uwsgi_temp_path uwsgi;
				include ${sample};
			}`,
	}),
	args: (folder) => ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'],
	ready: /start worker process \d+/,
	timeouts: [/fastcgi_read_timeout (\d+)s;/, /proxy_read_timeout (\d+)s;/,
		/proxy_send_timeout (\d+)s;/],
};

const lighttpd = {
	sample: 'contrib/proxies/lighttpd/buddyshopping.conf',
	program: 'lighttpd',
	places: ({ daemonPort, socket }) => ({
		'"port" => 8080': `"port" => ${daemonPort}`,
		'"/run/buddyshopping-fastcgi.sock"': `"${socket}"`,
	}),
	files: ({ sample, folder, host, port }) => ({
		'lighttpd.conf': `server.document-root = "${folder}"
			server.upload-dirs = ( "${folder}" )
			server.bind = "${host}"
			server.port = ${port}
			include "${sample}"`,
	}),
	args: (folder) => ['-D', '-f', path.join(folder, 'lighttpd.conf')],
	ready: /server started/,
	timeouts: [/"read-timeout" => (\d+)/],
	sulks: true,
};

const apache = {
	sample: 'contrib/proxies/apache/buddyshopping.conf',
	program: 'apache2',
	places: ({ host, port, daemonPort, socket }) => ({
		'<VirtualHost *:80>': `<VirtualHost ${host}:${port}>`,
		'ws://127.0.0.1:8080': `ws://127.0.0.1:${daemonPort}`,
		'unix:/run/buddyshopping-fastcgi.sock': `unix:${socket}`,
	}),
	// The comment says which modules it takes: a2enmod MODULE...
	files: ({ sample, comment, folder, host, port }) => ({
		'apache.conf': ['authz_core',
			...comment.match(/^a2enmod (.*)$/m)[1].split(' ')].map((name) =>
			`LoadModule ${name}_module ${APACHE_MODULES}/mod_${name}.so`)
			.join('\n') + `
			ServerRoot ${folder}
			PidFile apache.pid
			Mutex file:${folder}
			ServerName ${host}
			Listen ${host}:${port}
			ErrorLog /dev/stderr
			Include ${sample}\n`,
	}),
	args: (folder) => ['-DFOREGROUND', '-f',
		path.join(folder, 'apache.conf')],
	ready: /resuming normal operations/,
	timeouts: [/ timeout=(\d+)\b/, /ProxyTimeout (\d+)/],
};

const haproxy = {
	sample: 'contrib/proxies/haproxy/buddyshopping.cfg',
	program: 'haproxy',
	places: ({ host, port, daemonPort }) => ({
		'bind :80\n': `bind ${host}:${port}\n`,
		' 127.0.0.1:8080 ': ` 127.0.0.1:${daemonPort} `,
	}),
	files: () => ({}),
	args: (folder, sample) => ['-W', '-f', sample],
	ready: /Loading success/,
	timeouts: [/timeout client (\d+)s/, /timeout server (\d+)s/,
		/timeout tunnel (\d+)s/],
};

const caddy = {
	sample: 'contrib/proxies/caddy/Caddyfile',
	program: 'caddy',
	places: ({ host, port, daemonPort }) => ({
		'\nshop.example {': `\nhttp://${host}:${port} {\n\tbind ${host}`,
		' 127.0.0.1:8080': ` 127.0.0.1:${daemonPort}`,
	}),
	files: ({ sample }) => ({
		Caddyfile: `{\n\tadmin off\n}\nimport ${sample}\n`,
	}),
	args: (folder) => ['run', '--adapter', 'caddyfile', '--config',
		path.join(folder, 'Caddyfile')],
	ready: /serving initial configuration/,
	timeouts: [],
};

export const SERVERS = { nginx, lighttpd, apache, haproxy, caddy };
