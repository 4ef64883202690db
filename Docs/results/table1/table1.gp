# Draws table1.svg; with  gnuplot -e "format='png'" table1.gp  table1.png
if (!exists("format")) format = "svg"
if (format eq "png") {
  set terminal pngcairo size 980,640 font "DejaVu Sans,11" background "#ffffff"
  set output "table1.png"
} else {
  set terminal svg size 980,640 font "DejaVu Sans,11" background "#ffffff"
  set output "table1.svg"
}
set encoding utf8
set border 3 linecolor rgb "#444444"
set tics nomirror textcolor rgb "#222222"
set grid ytics linecolor rgb "#dddddd" linetype 1 linewidth 0.5
set key font ",10" spacing 1.1
set style fill solid 0.8 noborder
set bars small
$data1 << EOD
-0.36 0.968 0.948655 0.980208
0.64 0.978 0.961039 0.987672
1.64 0.886 0.855151 0.910963
2.64 0.86 0.826833 0.887677
EOD
$data2 << EOD
-0.24 0.962 0.941415 0.97554
0.76 0.962 0.941415 0.97554
1.76 0.876 0.844213 0.902054
2.76 0.852 0.818194 0.880439
EOD
$data3 << EOD
-0.12 0.564 0.52021 0.606814
0.88 0.558 0.514192 0.600924
1.88 0.172 0.141454 0.207547
2.88 0.28 0.242436 0.320919
EOD
$data4 << EOD
0 0.37 0.328822 0.41316
1 0.408 0.365782 0.45162
2 0.088 0.066206 0.116076
3 0.206 0.172857 0.243626
EOD
$data5 << EOD
0.12 0.578 0.534277 0.620534
1.12 0.57 0.526234 0.612698
2.12 0.174 0.143289 0.209682
3.12 0.286 0.24814 0.327123
EOD
$data6 << EOD
0.24 0.416 0.373597 0.459683
1.24 0.424 0.381424 0.467735
2.24 0.12 0.0943749 0.15142
3.24 0.214 0.180303 0.252058
EOD
$data7 << EOD
0.36 0.354 0.313342 0.396884
1.36 0.4 0.357979 0.443546
2.36 0.1 0.0766776 0.129422
3.36 0.198 0.165431 0.235174
EOD
$data8 << EOD
-0.36 0.968 0.948655 0.980208
0.64 0.978 0.961039 0.987672
1.64 0.886 0.855151 0.910963
2.64 0.86 0.826833 0.887677
EOD
$data9 << EOD
-0.24 0.918 0.890645 0.938981
0.76 0.666 0.623533 0.705936
1.76 0.806 0.76906 0.838274
2.76 0.73 0.689441 0.767051
EOD
$data10 << EOD
-0.12 0.012 0.005511 0.0259304
0.88 0.014 0.00679779 0.0286131
1.88 0.002 0.000353136 0.0112407
2.88 0.012 0.005511 0.0259304
EOD
$data11 << EOD
0 0.018 0.00949819 0.0338517
1 0.034 0.0213345 0.0537714
2 0.014 0.00679779 0.0286131
3 0.02 0.0108992 0.0364202
EOD
$data12 << EOD
0.12 0.012 0.005511 0.0259304
1.12 0.014 0.00679779 0.0286131
2.12 0.002 0.000353136 0.0112407
3.12 0.01 0.00427875 0.0231931
EOD
$data13 << EOD
0.24 0 0 0.00762434
1.24 0 0 0.00762434
2.24 0 0 0.00762434
3.24 0 0 0.00762434
EOD
$data14 << EOD
0.36 0 0 0.00762434
1.36 0 0 0.00762434
2.36 0 0 0.00762434
3.36 0 0 0.00762434
EOD
set multiplot layout 2,1 margins 0.08,0.98,0.06,0.86 spacing 0,0.14
set yrange [0:1.05]
set ylabel "adversarial accuracy"
set xrange [-0.5:3.5]
set xtics ("mnist-hmc" 0, "mnist-vi" 1, "fashion-mnist-hmc" 2, "fashion-mnist-vi" 3)
set boxwidth 0.105
set title "ε = 0.1 (L∞, pixels in [0, 1]); lines: 95 % intervals" offset 0,-0.5
set key at screen 0.53,0.995 center top horizontal maxrows 2 width -1 samplen 2
plot $data1 using 1:2 with boxes linecolor rgb "#000000" title "clean", \
  $data1 using 1:3:(0):($4-$3) with vectors nohead dashtype 1 linewidth 1.5 linecolor rgb "#333333" notitle, \
  $data2 using 1:2 with boxes linecolor rgb "#56B4E9" title "random signs", \
  $data2 using 1:3:(0):($4-$3) with vectors nohead dashtype 1 linewidth 1.5 linecolor rgb "#333333" notitle, \
  $data3 using 1:2 with boxes linecolor rgb "#E69F00" title "FGSM, authors' code", \
  $data3 using 1:3:(0):($4-$3) with vectors nohead dashtype 1 linewidth 1.5 linecolor rgb "#333333" notitle, \
  $data4 using 1:2 with boxes linecolor rgb "#D55E00" title "PGD, authors' code", \
  $data4 using 1:3:(0):($4-$3) with vectors nohead dashtype 1 linewidth 1.5 linecolor rgb "#333333" notitle, \
  $data5 using 1:2 with boxes linecolor rgb "#CC79A7" title "FGSM, paper's text", \
  $data5 using 1:3:(0):($4-$3) with vectors nohead dashtype 1 linewidth 1.5 linecolor rgb "#333333" notitle, \
  $data6 using 1:2 with boxes linecolor rgb "#0072B2" title "PGD, paper's text", \
  $data6 using 1:3:(0):($4-$3) with vectors nohead dashtype 1 linewidth 1.5 linecolor rgb "#333333" notitle, \
  $data7 using 1:2 with boxes linecolor rgb "#009E73" title "PGD, strongest", \
  $data7 using 1:3:(0):($4-$3) with vectors nohead dashtype 1 linewidth 1.5 linecolor rgb "#333333" notitle
set title "ε = 0.3 (L∞, pixels in [0, 1]); lines: 95 % intervals" offset 0,-0.5
unset key
plot $data8 using 1:2 with boxes linecolor rgb "#000000" title "clean", \
  $data8 using 1:3:(0):($4-$3) with vectors nohead dashtype 1 linewidth 1.5 linecolor rgb "#333333" notitle, \
  $data9 using 1:2 with boxes linecolor rgb "#56B4E9" title "random signs", \
  $data9 using 1:3:(0):($4-$3) with vectors nohead dashtype 1 linewidth 1.5 linecolor rgb "#333333" notitle, \
  $data10 using 1:2 with boxes linecolor rgb "#E69F00" title "FGSM, authors' code", \
  $data10 using 1:3:(0):($4-$3) with vectors nohead dashtype 1 linewidth 1.5 linecolor rgb "#333333" notitle, \
  $data11 using 1:2 with boxes linecolor rgb "#D55E00" title "PGD, authors' code", \
  $data11 using 1:3:(0):($4-$3) with vectors nohead dashtype 1 linewidth 1.5 linecolor rgb "#333333" notitle, \
  $data12 using 1:2 with boxes linecolor rgb "#CC79A7" title "FGSM, paper's text", \
  $data12 using 1:3:(0):($4-$3) with vectors nohead dashtype 1 linewidth 1.5 linecolor rgb "#333333" notitle, \
  $data13 using 1:2 with boxes linecolor rgb "#0072B2" title "PGD, paper's text", \
  $data13 using 1:3:(0):($4-$3) with vectors nohead dashtype 1 linewidth 1.5 linecolor rgb "#333333" notitle, \
  $data14 using 1:2 with boxes linecolor rgb "#009E73" title "PGD, strongest", \
  $data14 using 1:3:(0):($4-$3) with vectors nohead dashtype 1 linewidth 1.5 linecolor rgb "#333333" notitle
unset multiplot
