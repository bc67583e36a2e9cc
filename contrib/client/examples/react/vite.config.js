// "vite" serves the shop, and has the daemon's sessions below /together/.
const daemon = { target: 'http://localhost:8080', ws: true,
	rewrite: (path) => path.replace('/together', '') };

export default {
	esbuild: { jsx: 'automatic' },
	// Of a client that is a link, too.
	resolve: { dedupe: ['react'] },
	server: { proxy: { '/together/': daemon } },
};
