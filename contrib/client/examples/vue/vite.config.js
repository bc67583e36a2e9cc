// "vite" serves the shop, and has the daemon's sessions below /together/.
const daemon = { target: 'http://localhost:8080', ws: true,
	rewrite: (path) => path.replace('/together', '') };

export default {
	// The one that understands templates, for a client that is a link, too.
	resolve: { alias: { vue: 'vue/dist/vue.esm-bundler.js' },
		dedupe: ['vue'] },
	// What of it is not needed here.
	define: { __VUE_OPTIONS_API__: 'false', __VUE_PROD_DEVTOOLS__: 'false',
		__VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false' },
	server: { proxy: { '/together/': daemon } },
};
